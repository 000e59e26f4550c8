// The conformance filter in AssemblyScript; ../README.md says what it understands.

import * as d from "dbmesh";
import { Verdict, answer } from "dbmesh";
export { dbmesh_v1, dbmesh_block, dbmesh_hooks } from "dbmesh";

d.wantText(64);
d.wantParams();

let literals = 0, folded = 0, regexps = 0, globs = 0, counter = 0, gauge = 0, histogram = 0;

export function dbmesh_configure(): i64 {
  literals = d.matchNew(d.MATCH_LITERAL, "needle\nStraße");
  folded = d.matchNew(d.MATCH_LITERAL_FOLD, "DROP\ngrant");
  regexps = d.matchNew(d.MATCH_REGEXP, "(?i)sleep\\s*\\(\n^-- x");
  globs = d.matchNew(d.MATCH_TABLE, "app.*\nuser_?");
  counter = d.metricNew(d.METRIC_COUNTER, "seen");
  gauge = d.metricNew(d.METRIC_GAUGE, "level");
  histogram = d.metricNew(d.METRIC_HISTOGRAM, "size");
  if (literals < 0 || folded < 0 || regexps < 0 || globs < 0 || counter < 0 || gauge < 0 || histogram < 0) {
    return d.refuse("patterns or metrics are refused");
  }
  show("all", orEmpty(d.config()));
  for (let i = 0; ; i++) {
    const key = d.configGet("show." + i.toString());
    if (key === null) break;
    show(key, orDash(d.configGet(key)));
  }
  const why = d.configGet("refuse");
  return why === null ? 0 : d.refuse("refused: " + why);
}

function show(key: string, value: string): void { d.log(d.LOG_DEBUG, "config " + key + ": " + value); }

export function on_session(arg: i32): i64 { return answer(run(d.attribute("conf"))); }
export function on_init_db(arg: i32): i64 { return answer(run(d.sql())); }
export function on_query(arg: i32): i64 { return answer(run(d.sql())); }
export function on_prepare(arg: i32): i64 { return answer(run(d.sql())); }
export function on_execute(arg: i32): i64 { return answer(run(d.sql())); }
export function on_columns(arg: i32): i64 { return answer(run(d.column(0, d.COLUMN_NAME))); }
export function on_error(arg: i32): i64 { return answer(run(d.errorStr(d.ERR_MESSAGE))); }
export function on_done(arg: i32): i64 { return told(); }
export function on_session_end(arg: i32): i64 { return told(); }
export function on_tick(arg: i32): i64 { return told(); }

// told runs the command that all sessions share, for hooks without a text of their own.
function told(): i64 {
  run(d.kvGet("conf"));
  return 0;
}

// run runs the steps behind "conf: ", up to the end of a comment.
function run(text: string | null): Verdict {
  let verdict = d.pass();
  if (text === null) return verdict;
  const from = text.indexOf("conf: ");
  if (from < 0) return verdict;
  let command = text.substring(from + 6);
  const end = command.indexOf(" */");
  if (end >= 0) command = command.substring(0, end);
  const steps = command.split(" | ");
  for (let i = 0; i < steps.length; i++) {
    const words = new Words(steps[i]);
    const name = words.next();
    if (!facts(name) && !service(name, words)) verdict = judge(name, words, verdict);
  }
  return verdict;
}

class Words {
  constructor(public rest: string) {}
  next(): string {
    const at = this.rest.indexOf(" ");
    const word = at < 0 ? this.rest : this.rest.substring(0, at);
    this.rest = at < 0 ? "" : this.rest.substring(at + 1);
    return word;
  }
  number(): i64 {
    const word = this.next();
    const n = I64.parseInt(word);
    if (n.toString() != word) throw new Error("conf: not a number");
    return n;
  }
}

function orEmpty(text: string | null): string { return text === null ? "" : text; }
function orDash(text: string | null): string { return text === null ? "-" : text; }
function say(name: string, text: string): void { d.log(d.LOG_INFO, name + ": " + text); }
function yes(name: string, is: bool): void { say(name, is ? "true" : "false"); }

function result(name: string, answer: i32): void {
  if (answer >= 0) say(name, "ok");
  else if (answer == d.TOO_LARGE) say(name, "too large");
  else if (answer == d.INVALID) say(name, "invalid");
  else say(name, "not there");
}

function hexadecimal(from: usize, n: i32): string {
  let text = "";
  for (let i = 0; i < n; i++) {
    const b = <i32>load<u8>(from + i);
    text += "0123456789abcdef".charAt(b >> 4) + "0123456789abcdef".charAt(b & 15);
  }
  return text;
}

function checksum(name: string, bytes: Uint8Array | null): void {
  let sum: u32 = 2166136261;
  const n = bytes === null ? 0 : bytes.length;
  for (let i = 0; i < n; i++) sum = (sum ^ bytes![i]) * 16777619;
  say(name, n.toString() + " " + sum.toString());
}

function span(name: string, s: d.Span | null): void {
  say(name, s === null ? "-" : s.start.toString() + " " + s.end.toString());
}

function header(): string {
  return "layout=" + d.layout().toString() + " hook=" + d.hook().toString() + " flags=" + d.flags().toString() +
    " kind=" + d.kind().toString() + " access=" + d.access().toString() + " tables=" + d.tables().toString() +
    " params=" + d.params().toString() + " columns=" + d.columns().toString() + " functions=" + d.functions().toString() +
    " sql=" + d.sqlLength().toString() + " text=" + d.textLength().toString() + " digest=" + d.digestNumber().toString() +
    " session=" + d.session().toString() + " sequence=" + d.sequence().toString() + " user=" + d.userNumber().toString() +
    " schema=" + d.schemaNumber().toString() + " port=" + d.port().toString() + " statement=" + d.statement().toString() +
    " statements=" + d.statements().toString() + " error=" + d.errorCode().toString() + " time=" + d.timeMs().toString() +
    " id=" + d.statementId().toString() + " rows=" + d.rows().toString() + " affected=" + d.affected().toString() +
    " latency=" + d.latencyUs().toString() + " bytes=" + d.sentBytes().toString() +
    " address=" + hexadecimal(d.address().dataStart, 16);
}

// facts runs the steps that look.
function facts(name: string): bool {
  if (name == "header") {
    say(name, header());
  } else if (name == "slot") {
    say(name, hexadecimal(d.slot(), d.SLOT_SIZE));
    store<u8>(d.slot(), load<u8>(d.slot()) + 1);
    store<u8>(d.slot() + 31, 0xfe);
  } else if (name == "sql") {
    checksum(name, d.sqlBytes());
  } else if (name == "digest") {
    say(name, orEmpty(d.digest()) + " " + orEmpty(d.digestText()));
  } else if (name == "tables") {
    for (let i = 0; i < d.tables(); i++) say(name, orEmpty(d.table(i)) + " " + (d.tableAccess(i) == 1 ? "true" : "false"));
  } else if (name == "functions") {
    for (let i = 0; i < d.functions(); i++) say(name, orEmpty(d.calledFunction(i)));
  } else if (name == "clauses") {
    for (let i = 0; i < 7; i++) span(name, d.clause(i));
  } else if (name == "places") {
    for (let i = 0; d.place(i) !== null; i++) span(name + " " + orEmpty(d.placeName(i)), d.place(i));
  } else if (name == "params") {
    for (let i = 0; i <= d.params(); i++) {
      const type = d.paramType(i);
      say(name, (type < 0 ? <i32>d.PARAM_UNKNOWN : type).toString() + " " + orEmpty(d.param(i)));
    }
  } else if (name == "columns") {
    for (let i = 0; i < d.columns(); i++) {
      const type = d.columnType(i);
      say(name, [orEmpty(d.column(i, d.COLUMN_NAME)), orEmpty(d.column(i, d.COLUMN_ORG_NAME)), orEmpty(d.column(i, d.COLUMN_TABLE)),
        orEmpty(d.column(i, d.COLUMN_ORG_TABLE)), orEmpty(d.column(i, d.COLUMN_SCHEMA)), (type & 0xff).toString(), ((type >> 8) & 0xffff).toString()].join(","));
    }
  } else if (name == "error") {
    say(name, [d.errorCode().toString(), orEmpty(d.errorStr(d.ERR_STATE)), orEmpty(d.errorStr(d.ERR_MESSAGE))].join(","));
  } else if (name == "session") {
    say(name, [orEmpty(d.sessionStr(d.STR_USER)), orEmpty(d.sessionStr(d.STR_SCHEMA)), orEmpty(d.sessionStr(d.STR_ADDRESS)),
      orEmpty(d.sessionStr(d.STR_LISTENER)), orEmpty(d.sessionStr(d.STR_POOL)), orEmpty(d.attribute("program_name"))].join(","));
  } else {
    return false;
  }
  return true;
}

function pattern(name: string): i32 {
  return name == "literals" ? literals : name == "folded" ? folded : name == "regexps" ? regexps : globs;
}

// service runs the steps that call the host.
function service(name: string, words: Words): bool {
  if (name == "match") {
    const set = pattern(words.next());
    say(name, d.match(set, set == globs ? d.SUBJECT_TABLES : d.SUBJECT_SQL).toString());
  } else if (name == "match-digest") {
    yes(name, d.match(pattern(words.next()), d.SUBJECT_DIGEST_TEXT) >= 0);
  } else if (name == "match-text") {
    const set = pattern(words.next());
    say(name, d.matchBytes(set, d.encode(words.rest)).toString());
  } else if (name == "state") {
    say(name, orEmpty(d.state()));
  } else if (name == "set-state") {
    result(name, d.setState(words.rest));
  } else if (name == "set-state-big") {
    result(name, d.setState("x".repeat(<i32>words.number())));
  } else if (name == "kv-get") {
    say(name, orDash(d.kvGet(words.next())));
  } else if (name == "kv-set") {
    const key = words.next();
    const ttl = words.number();
    result(name, d.kvSet(key, words.rest, ttl));
  } else if (name == "kv-set-big") {
    const key = "x".repeat(<i32>words.number());
    result(name, d.kvSet(key, "x".repeat(<i32>words.number()), 0));
  } else if (name == "kv-incr") {
    const key = words.next();
    const delta = words.number();
    say(name, d.kvIncr(key, delta, words.number()).toString());
  } else if (name == "kv-delete") {
    yes(name, d.kvDelete(words.next()) == 1);
  } else if (name == "rate") {
    const key = words.next();
    const limit = <i32>words.number();
    yes(name, d.rate(key, limit, <i32>words.number()) == 1);
  } else if (name == "count") {
    d.metricAdd(counter, <f64>words.number());
  } else if (name == "gauge") {
    d.metricAdd(gauge, <f64>words.number());
  } else if (name == "observe") {
    d.metricAdd(histogram, <f64>words.number() / 4);
  } else if (name == "debug") {
    d.log(d.LOG_DEBUG, words.rest);
  } else if (name == "warn") {
    d.log(d.LOG_WARN, words.rest);
  } else if (name == "fail") {
    d.log(d.LOG_ERROR, words.rest);
  } else if (name == "now") {
    say(name, d.nowNs().toString());
  } else {
    return false;
  }
  return true;
}

// judge runs the steps that decide.
function judge(name: string, words: Words, before: Verdict): Verdict {
  if (name == "deny" || name == "disconnect") {
    const code = <u16>words.number();
    const state = words.next();
    return name == "deny" ? d.deny(code, state, words.rest) : d.disconnect(code, state, words.rest);
  }
  if (name == "deny-big") return d.deny(1105, "HY000", "x".repeat(<i32>words.number()));
  if (name == "rewrite") return d.rewrite(words.rest);
  if (name == "rewrite-big") return d.rewrite("x".repeat(<i32>words.number()));
  if (name == "route") return d.route(words.next());
  if (name == "route-backend") return d.routeBackend(words.next());
  if (name == "both") {
    const pool = words.next();
    return d.both(d.rewrite(words.rest), d.route(pool));
  }
  if (name == "ok") {
    const affected = <u64>words.number();
    const insert = <u64>words.number();
    return d.ok(affected, insert, words.rest);
  }
  if (name == "reply") return d.reply(["a", "größe"], [["1", null], ["", words.rest]]);
  if (name == "reply-big") return d.reply(["a"], [["x".repeat(<i32>words.number())]]);
  if (name == "mask") {
    return d.mask([d.maskNull(0), d.maskConstant(1, "***"), d.maskHash(2, "key"), d.maskKeep(<u16>words.number(), 1, 2)]);
  }
  if (name == "cacheable") return before.cacheable();
  if (name == "panic") throw new Error("conf: panic");
  if (name == "spin") while (true) store<u8>(d.slot(), load<u8>(d.slot()) + 1);
  return before;
}
