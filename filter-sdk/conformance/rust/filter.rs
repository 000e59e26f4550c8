//! The conformance filter in Rust; ../README.md says what it understands.
#![no_std]
use dbmesh::{abi, find, utf8, Call, Global, Mask, Text, Verdict, PASS};

dbmesh::filter! {
    text: 64;
    wants: abi::WANT_PARAMS;
    configure: configure,
    on_session: on_session,
    on_init_db: on_sql,
    on_query: on_sql,
    on_prepare: on_sql,
    on_execute: on_sql,
    on_columns: on_columns,
    on_done: told,
    on_error: on_error,
    on_session_end: told,
    on_tick: told,
}

/// Numbers of the sets of patterns and the metrics.
#[derive(Clone, Copy)]
struct Numbers {
    literals: i32,
    folded: i32,
    regexps: i32,
    globs: i32,
    counter: i32,
    gauge: i32,
    histogram: i32,
}

static NUMBERS: Global<Numbers> =
    Global::new(Numbers { literals: 0, folded: 0, regexps: 0, globs: 0, counter: 0, gauge: 0, histogram: 0 });

fn configure(call: &Call) -> Result<(), &str> {
    let n = Numbers {
        literals: call.match_new(abi::MATCH_LITERAL, "needle\nStraße"),
        folded: call.match_new(abi::MATCH_LITERAL_FOLD, "DROP\ngrant"),
        regexps: call.match_new(abi::MATCH_REGEXP, "(?i)sleep\\s*\\(\n^-- x"),
        globs: call.match_new(abi::MATCH_TABLE, "app.*\nuser_?"),
        counter: call.metric_new(abi::METRIC_COUNTER, "seen"),
        gauge: call.metric_new(abi::METRIC_GAUGE, "level"),
        histogram: call.metric_new(abi::METRIC_HISTOGRAM, "size"),
    };
    if [n.literals, n.folded, n.regexps, n.globs, n.counter, n.gauge, n.histogram].iter().any(|&n| n < 0) {
        return Err("patterns or metrics are refused");
    }
    NUMBERS.set(n);
    show(call, "all", or_empty(call.config()));
    for i in 0.. {
        let key = match call.config_get(call.text(format_args!("show.{}", i))) {
            Ok(key) => utf8(key),
            Err(_) => break,
        };
        show(call, key, call.config_get(key).unwrap_or(b"-"));
    }
    match call.config_get("refuse") {
        Ok(why) => Err(call.text(format_args!("refused: {}", utf8(why)))),
        Err(_) => Ok(()),
    }
}

fn show(call: &Call, key: &str, value: &[u8]) {
    call.log_bytes(abi::LOG_DEBUG, call.join(&[b"config ", key.as_bytes(), b": ", value]));
}

fn on_session(call: &Call) -> Verdict {
    run(call, call.attribute("conf"))
}

fn on_sql(call: &Call) -> Verdict {
    run(call, call.sql())
}

fn on_columns(call: &Call) -> Verdict {
    run(call, call.column(0, abi::COLUMN_NAME))
}

fn on_error(call: &Call) -> Verdict {
    run(call, call.error_str(abi::ERR_MESSAGE))
}

/// Hooks without a text of their own run the command that all sessions share.
fn told(call: &Call) -> Verdict {
    run(call, call.kv_get(b"conf"));
    PASS
}

/// Runs the steps behind "conf: ", up to the end of a comment.
fn run(call: &Call, text: Text) -> Verdict {
    let text = or_empty(text);
    let command = match find(text, b"conf: ") {
        Some(at) => cut(&text[at + 6..], b" */").0,
        None => return PASS,
    };
    let mut verdict = PASS;
    let mut rest = Some(command);
    while let Some(steps) = rest {
        let (step, behind) = cut(steps, b" | ");
        rest = behind;
        let mut words = Words(step);
        let name = utf8(words.next());
        if !facts(call, name) && !service(call, name, &mut words) {
            verdict = judge(call, name, &mut words, verdict);
        }
    }
    verdict
}

/// What stands before the separator, and behind it.
fn cut<'a>(text: &'a [u8], separator: &[u8]) -> (&'a [u8], Option<&'a [u8]>) {
    match find(text, separator) {
        Some(at) => (&text[..at], Some(&text[at + separator.len()..])),
        None => (text, None),
    }
}

struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    fn next(&mut self) -> &'a [u8] {
        let (word, rest) = cut(self.0, b" ");
        self.0 = rest.unwrap_or(b"");
        word
    }
    fn number(&mut self) -> i64 {
        utf8(self.next()).parse().expect("conf: not a number")
    }
    fn rest(&self) -> &'a str {
        utf8(self.0)
    }
}

fn or_empty(text: Text) -> &[u8] {
    text.unwrap_or(b"")
}

fn say(call: &Call, name: &str, text: &[u8]) {
    call.log_bytes(abi::LOG_INFO, call.join(&[name.as_bytes(), b": ", text]));
}

fn number(call: &Call, name: &str, n: i64) {
    say(call, name, call.text(format_args!("{}", n)).as_bytes());
}

fn yes(call: &Call, name: &str, is: bool) {
    say(call, name, if is { b"true" } else { b"false" });
}

fn result(call: &Call, name: &str, answer: i32) {
    let text: &[u8] = match answer {
        0.. => b"ok",
        abi::TOO_LARGE => b"too large",
        abi::INVALID => b"invalid",
        _ => b"not there",
    };
    say(call, name, text);
}

fn repeat(call: &Call, n: i64) -> &str {
    let mut all: &[u8] = b"xxxxxxxx";
    while all.len() < n as usize {
        all = call.join(&[all, all]);
    }
    utf8(&all[..n as usize])
}

struct Hex<'a>(&'a [u8]);

impl core::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{:02x}", b))
    }
}

fn span(call: &Call, name: &[u8], span: Option<(usize, usize)>) {
    let text = match span {
        Some((start, end)) => call.text(format_args!("{} {}", start, end)),
        None => "-",
    };
    say(call, utf8(name), text.as_bytes());
}

/// Runs the steps that look.
fn facts(call: &Call, name: &str) -> bool {
    match name {
        "header" => say(call, name, header(call).as_bytes()),
        "slot" => {
            let mut slot = call.slot();
            say(call, name, call.text(format_args!("{}", Hex(&slot))).as_bytes());
            slot[0] = slot[0].wrapping_add(1);
            slot[31] = 0xfe;
            call.set_slot(slot);
        }
        "sql" => {
            let sql = or_empty(call.sql());
            let sum = sql.iter().fold(2166136261u32, |sum, &b| (sum ^ b as u32).wrapping_mul(16777619));
            say(call, name, call.text(format_args!("{} {}", sql.len(), sum)).as_bytes());
        }
        "digest" => say(call, name, call.join(&[or_empty(call.digest()), b" ", or_empty(call.digest_text())])),
        "tables" => {
            for i in 0..call.tables() as i32 {
                let written: &[u8] = if call.table_access(i) == 1 { b"true" } else { b"false" };
                say(call, name, call.join(&[or_empty(call.table(i)), b" ", written]));
            }
        }
        "functions" => (0..call.functions() as i32).for_each(|i| say(call, name, or_empty(call.function(i)))),
        "clauses" => (0..7).for_each(|i| span(call, name.as_bytes(), call.clause(i))),
        "places" => {
            for i in 0.. {
                let place = call.place(i);
                if place.is_none() {
                    break;
                }
                span(call, call.join(&[name.as_bytes(), b" ", or_empty(call.place_name(i))]), place);
            }
        }
        "params" => {
            for i in 0..=call.params() as i32 {
                let kind = match call.param_type(i) {
                    t if t < 0 => abi::PARAM_UNKNOWN as i32,
                    t => t,
                };
                say(call, name, call.join(&[call.text(format_args!("{} ", kind)).as_bytes(), or_empty(call.param(i))]));
            }
        }
        "columns" => (0..call.columns() as i32).for_each(|i| column(call, name, i)),
        "error" => {
            let code = call.text(format_args!("{},", call.error_code())).as_bytes();
            let (state, message) = (or_empty(call.error_str(abi::ERR_STATE)), or_empty(call.error_str(abi::ERR_MESSAGE)));
            say(call, name, call.join(&[code, state, b",", message]));
        }
        "session" => {
            let text = |id| or_empty(call.session_str(id));
            let parts = [
                text(abi::STR_USER), b",", text(abi::STR_SCHEMA), b",", text(abi::STR_ADDRESS), b",",
                text(abi::STR_LISTENER), b",", text(abi::STR_POOL), b",", or_empty(call.attribute("program_name")),
            ];
            say(call, name, call.join(&parts));
        }
        _ => return false,
    }
    true
}

fn column(call: &Call, name: &str, i: i32) {
    let text = |field| or_empty(call.column(i, field));
    let kind = call.column_type(i);
    let end = call.text(format_args!(",{},{}", kind & 0xff, kind >> 8 & 0xffff)).as_bytes();
    let parts = [
        text(abi::COLUMN_NAME), b",", text(abi::COLUMN_ORG_NAME), b",", text(abi::COLUMN_TABLE), b",",
        text(abi::COLUMN_ORG_TABLE), b",", text(abi::COLUMN_SCHEMA), end,
    ];
    say(call, name, call.join(&parts));
}

fn header<'a>(c: &'a Call) -> &'a str {
    let one = c.text(format_args!(
        "layout={} hook={} flags={} kind={} access={} tables={} params={} columns={} functions={} sql={} text={} digest={} ",
        c.layout(), c.hook(), c.flags(), c.kind(), c.access(), c.tables(), c.params(), c.columns(), c.functions(),
        c.sql_length(), c.text_length(), c.digest_number()
    ));
    let two = c.text(format_args!(
        "session={} sequence={} user={} schema={} port={} statement={} statements={} error={} time={} id={} ",
        c.session(), c.sequence(), c.user_number(), c.schema_number(), c.port(), c.statement(), c.statements(),
        c.error_code(), c.time_ms(), c.statement_id()
    ));
    c.text(format_args!(
        "{}{}rows={} affected={} latency={} bytes={} address={}",
        one, two, c.rows(), c.affected(), c.latency_us(), c.sent_bytes(), Hex(&c.address())
    ))
}

fn pattern(name: &[u8]) -> i32 {
    let n = NUMBERS.get();
    match name {
        b"literals" => n.literals,
        b"folded" => n.folded,
        b"regexps" => n.regexps,
        _ => n.globs,
    }
}

/// Runs the steps that call the host.
fn service(call: &Call, name: &str, words: &mut Words) -> bool {
    match name {
        "match" => {
            let set = pattern(words.next());
            let subject = if set == NUMBERS.get().globs { abi::SUBJECT_TABLES } else { abi::SUBJECT_SQL };
            number(call, name, call.matches(set, subject) as i64);
        }
        "match-digest" => yes(call, name, call.matches(pattern(words.next()), abi::SUBJECT_DIGEST_TEXT) >= 0),
        "match-text" => {
            let set = pattern(words.next());
            number(call, name, call.matches_bytes(set, words.0) as i64);
        }
        "state" => say(call, name, or_empty(call.state())),
        "set-state" => result(call, name, call.set_state(words.0)),
        "set-state-big" => result(call, name, call.set_state(repeat(call, words.number()).as_bytes())),
        "kv-get" => say(call, name, call.kv_get(words.next()).unwrap_or(b"-")),
        "kv-set" => {
            let (key, ttl) = (words.next(), words.number());
            result(call, name, call.kv_set(key, words.0, ttl));
        }
        "kv-set-big" => {
            let (key, value) = (repeat(call, words.number()), repeat(call, words.number()));
            result(call, name, call.kv_set(key.as_bytes(), value.as_bytes(), 0));
        }
        "kv-incr" => {
            let (key, delta, ttl) = (words.next(), words.number(), words.number());
            number(call, name, call.kv_incr(key, delta, ttl));
        }
        "kv-delete" => yes(call, name, call.kv_delete(words.next()) == 1),
        "rate" => {
            let (key, limit, per) = (words.next(), words.number(), words.number());
            yes(call, name, call.rate(key, limit as i32, per as i32) == 1);
        }
        "count" => drop(call.metric_add(NUMBERS.get().counter, words.number() as f64)),
        "gauge" => drop(call.metric_add(NUMBERS.get().gauge, words.number() as f64)),
        "observe" => drop(call.metric_add(NUMBERS.get().histogram, words.number() as f64 / 4.0)),
        "debug" => call.log_bytes(abi::LOG_DEBUG, words.0),
        "warn" => call.log_bytes(abi::LOG_WARN, words.0),
        "fail" => call.log_bytes(abi::LOG_ERROR, words.0),
        "now" => number(call, name, call.now_ns()),
        _ => return false,
    }
    true
}

/// Runs the steps that decide.
fn judge(call: &Call, name: &str, words: &mut Words, before: Verdict) -> Verdict {
    match name {
        "deny" | "disconnect" => {
            let (code, state) = (words.number() as u16, utf8(words.next()));
            match name {
                "deny" => dbmesh::deny(code, state, words.rest()),
                _ => dbmesh::disconnect(code, state, words.rest()),
            }
        }
        "deny-big" => dbmesh::deny(1105, "HY000", repeat(call, words.number())),
        "rewrite" => dbmesh::rewrite(words.0),
        "rewrite-big" => dbmesh::rewrite(repeat(call, words.number()).as_bytes()),
        "route" => dbmesh::route(utf8(words.next())),
        "route-backend" => dbmesh::route_backend(utf8(words.next())),
        "both" => {
            let pool = utf8(words.next());
            dbmesh::both(dbmesh::rewrite(words.0), dbmesh::route(pool))
        }
        "ok" => {
            let (affected, insert) = (words.number() as u64, words.number() as u64);
            dbmesh::ok(affected, insert, words.rest())
        }
        "reply" => dbmesh::reply(&["a", "größe"], &[&[Some(b"1"), None], &[Some(b""), Some(words.0)]]),
        "reply-big" => dbmesh::reply(&["a"], &[&[Some(repeat(call, words.number()).as_bytes())]]),
        "mask" => dbmesh::mask(&[
            (0, Mask::Null),
            (1, Mask::Constant(b"***")),
            (2, Mask::Hash(b"key")),
            (words.number() as u16, Mask::Keep(1, 2)),
        ]),
        "cacheable" => before.cacheable(),
        "panic" => panic!("conf: panic"),
        "spin" => loop {
            let mut slot = call.slot();
            slot[0] = slot[0].wrapping_add(1);
            call.set_slot(slot);
        },
        _ => before,
    }
}
