//! The Rust SDK for dbmesh filters: one file, no crates, only `core`. Works with Rust 1.63 and
//! later, for filters with and without `std`. README.md has an example.
//!
//! Texts that the host gives and payloads of verdicts stand in an arena that is emptied when
//! the next hook begins; lifetimes keep a filter from holding on to them. Only functions that a
//! filter calls become imports of its module.
#![no_std]

use core::cell::{Cell, RefCell, RefMut};
use core::{fmt, ptr, slice, str};

/// The numbers of dbmesh_v1 and its host functions as they are.
#[allow(dead_code)]
pub mod abi {
    include!("dbmesh_abi.rs");
}

/// Declares a filter. Hooks are functions `fn(&Call) -> Verdict`, configure is a function
/// `fn(&Call) -> Result<(), &str>`, whose text says why the filter can't work with its config.
///
/// ```text
/// dbmesh::filter! { configure: setup, on_query: check }
/// ```
///
/// Before the functions may stand `std;` in a filter that uses std, `text: N;` for the bytes of
/// a statement that the host shall lay ready before each hook (worth it where nearly every call
/// reads the text), and `wants: dbmesh::abi::WANT_PARAMS;`.
#[macro_export]
macro_rules! filter {
    (std; $($rest:tt)*) => {
        fn dbmesh_start() {
            ::std::panic::set_hook(::std::boxed::Box::new(|info| $crate::log_panic(format_args!("{}", info))));
        }
        $crate::filter_parts! { @ 0, 0; $($rest)* }
    };
    ($($rest:tt)*) => {
        fn dbmesh_start() {}
        #[panic_handler]
        fn dbmesh_panic(info: &core::panic::PanicInfo) -> ! {
            $crate::log_panic(format_args!("{}", info));
            core::arch::wasm32::unreachable()
        }
        $crate::filter_parts! { @ 0, 0; $($rest)* }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! filter_parts {
    (@ $text:expr, $wants:expr; text: $bytes:expr; $($rest:tt)*) => {
        $crate::filter_parts! { @ $bytes, $wants; $($rest)* }
    };
    (@ $text:expr, $wants:expr; wants: $bits:expr; $($rest:tt)*) => {
        $crate::filter_parts! { @ $text, $bits; $($rest)* }
    };
    (@ $text:expr, $wants:expr; $($name:ident: $run:path),+ $(,)?) => {
        const DBMESH_TEXT: usize = $text;
        static mut DBMESH_BLOCK: $crate::Block<DBMESH_TEXT> = $crate::Block::EMPTY;
        #[no_mangle]
        pub extern "C" fn dbmesh_v1() -> u32 {
            $crate::abi::MINOR
        }
        #[no_mangle]
        pub extern "C" fn dbmesh_block() -> *mut u8 {
            dbmesh_start();
            unsafe { $crate::place(core::ptr::addr_of_mut!(DBMESH_BLOCK)) }
        }
        #[no_mangle]
        pub extern "C" fn dbmesh_hooks() -> u64 {
            (DBMESH_TEXT as u64) << $crate::abi::WANT_TEXT_SHIFT | $wants as u64 | ((1 << $crate::abi::HOOKS) - 1)
        }
        $($crate::hook! { $name, $run })+
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! hook {
    (configure, $run:path) => {
        const _: () = {
            #[export_name = "dbmesh_configure"]
            extern "C" fn dbmesh_export() -> i64 {
                $crate::configure(|call| $run(call))
            }
        };
    };
    ($name:ident, $run:path) => {
        const _: () = {
            #[export_name = stringify!($name)]
            extern "C" fn dbmesh_export(arg: i32) -> i64 {
                $crate::run(arg, |call| $run(call))
            }
        };
    };
}

/// A value of a whole filter instance: `static LIMIT: Global<i32> = Global::new(0);`.
pub struct Global<T>(RefCell<T>);

// A filter's instance runs one hook at a time, on no other thread.
unsafe impl<T> Sync for Global<T> {}

impl<T> Global<T> {
    pub const fn new(value: T) -> Self {
        Global(RefCell::new(value))
    }
    pub fn set(&self, value: T) {
        *self.0.borrow_mut() = value;
    }
    pub fn borrow_mut(&self) -> RefMut<'_, T> {
        self.0.borrow_mut()
    }
}

impl<T: Copy> Global<T> {
    pub fn get(&self) -> T {
        *self.0.borrow()
    }
}

/// A text of the host: bytes, of which nobody promises that they are UTF-8 (see `utf8`), or the
/// negative answer, `abi::NOT_THERE` for example.
pub type Text<'a> = Result<&'a [u8], i32>;

/// The text as str, or as much of it as is UTF-8.
pub fn utf8(bytes: &[u8]) -> &str {
    match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or(""),
    }
}

/// The place of the first occurrence.
pub fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    (0..(text.len() + 1).saturating_sub(what.len())).find(|&i| text[i..].starts_with(what))
}

/// The block: header and text area.
#[doc(hidden)]
#[repr(C, align(16))]
pub struct Block<const N: usize>([u8; abi::HEADER_SIZE as usize], [u8; N]);

impl<const N: usize> Block<N> {
    pub const EMPTY: Self = Block([0; abi::HEADER_SIZE as usize], [0; N]);
}

// What the SDK itself keeps.
struct Own {
    block: Cell<*mut u8>,
    chunk: Cell<*mut u8>,
    size: Cell<usize>,
    used: Cell<usize>,
}

unsafe impl Sync for Own {}

static OWN: Own =
    Own { block: Cell::new(ptr::null_mut()), chunk: Cell::new(ptr::null_mut()), size: Cell::new(0), used: Cell::new(0) };

#[doc(hidden)]
pub unsafe fn place<const N: usize>(block: *mut Block<N>) -> *mut u8 {
    let address = block as *mut u8;
    ptr::write_unaligned(address.add(abi::AT_TEXT_CAPACITY as usize) as *mut u32, N as u32);
    OWN.block.set(address);
    address
}

#[doc(hidden)]
pub fn run(arg: i32, hook: impl FnOnce(&Call) -> Verdict) -> i64 {
    OWN.used.set(0);
    hook(&Call { arg }).0
}

#[doc(hidden)]
pub fn configure(setup: impl FnOnce(&Call) -> Result<(), &str>) -> i64 {
    OWN.used.set(0);
    match setup(&Call { arg: 0 }) {
        Ok(()) => 0,
        Err(why) => pack(abi::OP_DENY, why.as_bytes()).0,
    }
}

#[doc(hidden)]
pub fn log_panic(info: fmt::Arguments) {
    let call = Call { arg: 0 };
    call.log(abi::LOG_ERROR, call.text(info));
}

// The arena: chunks from memory.grow, in case others grow the memory too.
const PAGE: usize = 65536;

/// Makes room for n bytes behind what is used. It traps when there is no memory: a filter
/// that can't read a statement must not let it pass.
fn room(n: usize) -> *mut u8 {
    if n > OWN.size.get() - OWN.used.get() {
        let pages = (n.max(OWN.size.get()) * 2 + PAGE - 1) / PAGE;
        let at = core::arch::wasm32::memory_grow(0, pages);
        if at == usize::MAX {
            core::arch::wasm32::unreachable();
        }
        OWN.chunk.set((at * PAGE) as *mut u8);
        OWN.size.set(pages * PAGE);
        OWN.used.set(0);
    }
    OWN.chunk.get().wrapping_add(OWN.used.get())
}

/// A payload under construction, at the arena's end. Nothing else may take of the arena meanwhile.
struct Payload {
    len: usize,
}

impl Payload {
    fn new() -> Self {
        Payload { len: 0 }
    }
    fn put(mut self, bytes: &[u8]) -> Self {
        let before = OWN.chunk.get().wrapping_add(OWN.used.get());
        let at = room(self.len + bytes.len());
        unsafe {
            if at != before {
                ptr::copy_nonoverlapping(before, at, self.len);
            }
            ptr::copy_nonoverlapping(bytes.as_ptr(), at.add(self.len), bytes.len());
        }
        self.len += bytes.len();
        self
    }
    fn put_u8(self, n: u8) -> Self {
        self.put(&[n])
    }
    fn put_u16(self, n: u16) -> Self {
        self.put(&n.to_le_bytes())
    }
    fn put_u32(self, n: u32) -> Self {
        self.put(&n.to_le_bytes())
    }
    fn put_u64(self, n: u64) -> Self {
        self.put(&n.to_le_bytes())
    }
    fn done<'a>(self) -> &'a [u8] {
        if self.len == 0 {
            return &[];
        }
        let at = room(self.len);
        OWN.used.set(OWN.used.get() + self.len);
        unsafe { slice::from_raw_parts(at, self.len) }
    }
}

impl fmt::Write for Payload {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.len = Payload { len: self.len }.put(s.as_bytes()).len;
        Ok(())
    }
}

/// One call of a hook: its facts, and what the host gives during it.
pub struct Call {
    arg: i32,
}

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $at:ident;)+) => {
        $($(#[$doc])* pub fn $name(&self) -> $type {
            unsafe { ptr::read_unaligned(OWN.block.get().add(abi::$at as usize) as *const $type) }
        })+
    };
}

impl Call {
    facts! {
        layout: u16 = AT_LAYOUT;
        hook: u16 = AT_HOOK;
        flags: u32 = AT_FLAGS;
        /// An abi::KIND_.
        kind_number: u8 = AT_KIND;
        access_number: u8 = AT_ACCESS;
        tables: u16 = AT_TABLES;
        params: u16 = AT_PARAMS;
        columns: u16 = AT_COLUMNS;
        functions: u16 = AT_FUNCTIONS;
        sql_length: u32 = AT_SQL_LENGTH;
        text_length: u32 = AT_TEXT_LENGTH;
        digest_number: u64 = AT_DIGEST;
        session: u64 = AT_SESSION;
        sequence: u64 = AT_SEQUENCE;
        user_number: u32 = AT_USER;
        schema_number: u32 = AT_SCHEMA;
        /// The client's, IPv6 or IPv4-mapped.
        address: [u8; 16] = AT_ADDRESS;
        port: u16 = AT_PORT;
        statement: u16 = AT_STATEMENT;
        statements: u16 = AT_STATEMENTS;
        error_code: u16 = AT_ERROR_CODE;
        time_ms: i64 = AT_TIME;
        statement_id: u32 = AT_STATEMENT_ID;
        rows: u64 = AT_ROWS;
        affected: u64 = AT_AFFECTED;
        latency_us: u32 = AT_LATENCY;
        sent_bytes: u32 = AT_BYTES;
        /// The session's own bytes, which `set_slot` writes.
        slot: [u8; abi::SLOT_SIZE as usize] = AT_SLOT;
    }

    /// What the hook was called with.
    pub fn arg(&self) -> i32 {
        self.arg
    }
    /// The kind of statement, an abi::KIND_.
    pub fn kind(&self) -> u32 {
        self.kind_number() as u32
    }
    /// What the statement does, an abi::ACCESS_.
    pub fn access(&self) -> u32 {
        self.access_number() as u32
    }
    /// Whether all of these abi::FLAG_ bits are set.
    pub fn has(&self, flags: u32) -> bool {
        self.flags() & flags == flags
    }
    pub fn set_slot(&self, slot: [u8; abi::SLOT_SIZE as usize]) {
        unsafe { ptr::write_unaligned(OWN.block.get().add(abi::AT_SLOT as usize) as *mut _, slot) }
    }

    // pull gets a text from a getter of (ptr, cap).
    fn pull(&self, getter: impl Fn(*mut u8, i32) -> i32) -> Text<'_> {
        let mut at = room(256);
        let space = OWN.size.get() - OWN.used.get();
        let mut len = getter(at, space as i32);
        if len > space as i32 {
            at = room(len as usize);
            len = getter(at, len);
        }
        if len < 0 {
            return Err(len);
        }
        OWN.used.set(OWN.used.get() + len as usize);
        Ok(unsafe { slice::from_raw_parts(at, len as usize) })
    }

    /// The statement's text; whole unless abi::FLAG_TRUNCATED is set.
    pub fn sql(&self) -> Text<'_> {
        let len = self.text_length();
        if len != 0 && len == self.sql_length() {
            let at = OWN.block.get().wrapping_add(abi::HEADER_SIZE as usize);
            return Ok(unsafe { slice::from_raw_parts(at, len as usize) });
        }
        self.pull(|at, room| unsafe { abi::host_sql(at, room, 0) })
    }
    pub fn digest(&self) -> Text<'_> {
        self.pull(|at, room| unsafe { abi::host_digest(at, room, 0) })
    }
    pub fn digest_text(&self) -> Text<'_> {
        self.pull(|at, room| unsafe { abi::host_digest_text(at, room, 0) })
    }
    pub fn table(&self, index: i32) -> Text<'_> {
        self.pull(|at, room| unsafe { abi::host_table(index, at, room, 0) })
    }
    /// 0 for a table that is read, 1 for one that is written.
    pub fn table_access(&self, index: i32) -> i32 {
        unsafe { abi::host_table_access(index) }
    }
    /// Where a clause (abi::CLAUSE_) stands in the text, from start to before end.
    pub fn clause(&self, id: i32) -> Option<(usize, usize)> {
        span(unsafe { abi::host_clause(id) })
    }
    /// Where tables are named in the text, in order.
    pub fn place(&self, index: i32) -> Option<(usize, usize)> {
        span(unsafe { abi::host_place(index) })
    }
    /// The table that is named there.
    pub fn place_name(&self, index: i32) -> Text<'_> {
        self.pull(|at, room| unsafe { abi::host_place_name(index, at, room, 0) })
    }
    pub fn function(&self, index: i32) -> Text<'_> {
        self.pull(|at, room| unsafe { abi::host_function(index, at, room, 0) })
    }
    pub fn param(&self, index: i32) -> Text<'_> {
        self.pull(|at, room| unsafe { abi::host_param(index, at, room, 0) })
    }
    /// An abi::PARAM_, or negative.
    pub fn param_type(&self, index: i32) -> i32 {
        unsafe { abi::host_param_type(index) }
    }
    /// A text of the session, an abi::STR_.
    pub fn session_str(&self, id: u32) -> Text<'_> {
        self.pull(|at, room| unsafe { abi::host_session_str(id as i32, at, room, 0) })
    }
    /// A connection attribute.
    pub fn attribute(&self, name: &str) -> Text<'_> {
        self.pull(|at, room| unsafe { abi::host_attribute(name.as_ptr(), name.len() as i32, at, room, 0) })
    }
    /// A name of a result's column, an abi::COLUMN_.
    pub fn column(&self, index: i32, field: u32) -> Text<'_> {
        self.pull(|at, room| unsafe { abi::host_column(index, field as i32, at, room, 0) })
    }
    pub fn column_type(&self, index: i32) -> i32 {
        unsafe { abi::host_column_type(index) }
    }
    /// Message or SQLSTATE, an abi::ERR_.
    pub fn error_str(&self, id: u32) -> Text<'_> {
        self.pull(|at, room| unsafe { abi::host_error_str(id as i32, at, room, 0) })
    }

    /// The filter's whole config as JSON.
    pub fn config(&self) -> Text<'_> {
        self.pull(|at, room| unsafe { abi::host_config(at, room, 0) })
    }
    /// One value of it as text.
    pub fn config_get(&self, key: &str) -> Text<'_> {
        self.pull(|at, room| unsafe { abi::host_config_get(key.as_ptr(), key.len() as i32, at, room, 0) })
    }
    /// Compiles a set of patterns (abi::MATCH_) and gives its number; only in configure.
    pub fn match_new(&self, kind: u32, patterns: &str) -> i32 {
        unsafe { abi::host_match_new(kind as i32, patterns.as_ptr(), patterns.len() as i32) }
    }
    /// The first pattern that matches an abi::SUBJECT_, or negative.
    pub fn matches(&self, set: i32, subject: u32) -> i32 {
        unsafe { abi::host_match(set, subject as i32) }
    }
    pub fn matches_bytes(&self, set: i32, bytes: &[u8]) -> i32 {
        unsafe { abi::host_match_bytes(set, bytes.as_ptr(), bytes.len() as i32) }
    }

    /// What set_state kept for this session.
    pub fn state(&self) -> Text<'_> {
        self.pull(|at, room| unsafe { abi::host_state_get(at, room, 0) })
    }
    /// Keeps it; 0 or a negative answer.
    pub fn set_state(&self, value: &[u8]) -> i32 {
        unsafe { abi::host_state_set(value.as_ptr(), value.len() as i32) }
    }
    /// A value that all sessions share.
    pub fn kv_get(&self, key: &[u8]) -> Text<'_> {
        self.pull(|at, room| unsafe { abi::host_kv_get(key.as_ptr(), key.len() as i32, at, room, 0) })
    }
    /// Keeps it for ttl_ms, 0 for as long as there is room; 0 or a negative answer.
    pub fn kv_set(&self, key: &[u8], value: &[u8], ttl_ms: i64) -> i32 {
        unsafe { abi::host_kv_set(key.as_ptr(), key.len() as i32, value.as_ptr(), value.len() as i32, ttl_ms) }
    }
    /// Adds to a counter and gives it.
    pub fn kv_incr(&self, key: &[u8], delta: i64, ttl_ms: i64) -> i64 {
        unsafe { abi::host_kv_incr(key.as_ptr(), key.len() as i32, delta, ttl_ms) }
    }
    /// 1 if it was there.
    pub fn kv_delete(&self, key: &[u8]) -> i32 {
        unsafe { abi::host_kv_delete(key.as_ptr(), key.len() as i32) }
    }
    /// Takes one of limit tokens that come back within per_ms: 1 if there was one, 0, or negative.
    pub fn rate(&self, key: &[u8], limit: i32, per_ms: i32) -> i32 {
        unsafe { abi::host_rate(key.as_ptr(), key.len() as i32, limit, per_ms) }
    }
    /// Names a metric (abi::METRIC_) and gives its number; only in configure.
    pub fn metric_new(&self, kind: u32, name: &str) -> i32 {
        unsafe { abi::host_metric_def(kind as i32, name.as_ptr(), name.len() as i32) }
    }
    pub fn metric_add(&self, metric: i32, value: f64) -> i32 {
        unsafe { abi::host_metric_add(metric, value) }
    }
    /// Writes a line to dbmesh's log, at an abi::LOG_ level.
    pub fn log(&self, level: u32, line: &str) {
        self.log_bytes(level, line.as_bytes())
    }
    pub fn log_bytes(&self, level: u32, line: &[u8]) {
        unsafe { abi::host_log(level as i32, line.as_ptr(), line.len() as i32) }
    }
    /// Unix time in nanoseconds.
    pub fn now_ns(&self) -> i64 {
        unsafe { abi::host_now_ns() }
    }

    /// Formats a text: `call.text(format_args!("{} rows", n))`.
    pub fn text(&self, what: fmt::Arguments) -> &str {
        let mut payload = Payload::new();
        let _ = fmt::write(&mut payload, what);
        utf8(payload.done())
    }
    /// The parts one behind the other.
    pub fn join(&self, parts: &[&[u8]]) -> &[u8] {
        parts.iter().fold(Payload::new(), |all, part| all.put(part)).done()
    }
    /// The text with other bytes in the place of those from start to before end.
    pub fn splice(&self, text: &[u8], span: (usize, usize), with: &[u8]) -> &[u8] {
        self.join(&[&text[..span.0], with, &text[span.1..]])
    }
}

fn span(packed: i64) -> Option<(usize, usize)> {
    if packed < 0 {
        return None;
    }
    Some(((packed >> 32) as usize, packed as u32 as usize))
}

/// What a hook says. It is only good for the call in which it was made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Verdict(pub i64);

/// Go on.
pub const PASS: Verdict = Verdict(abi::OP_PASS as i64);

fn pack(op: u32, payload: &[u8]) -> Verdict {
    assert!(payload.len() <= abi::MAX_REWRITE as usize);
    Verdict((payload.as_ptr() as u64 as i64) << 32 | (payload.len() as i64) << 8 | op as i64)
}

fn error(op: u32, code: u16, state: &str, message: &str) -> Verdict {
    pack(op, Payload::new().put_u16(code).put(&state.as_bytes()[..5]).put(message.as_bytes()).done())
}

/// Answers with an error; of on_error it takes the place of the backend's. state has five characters.
pub fn deny(code: u16, state: &str, message: &str) -> Verdict {
    error(abi::OP_DENY, code, state, message)
}

/// Answers with an error and ends the session.
pub fn disconnect(code: u16, state: &str, message: &str) -> Verdict {
    error(abi::OP_DISCONNECT, code, state, message)
}

/// Another statement, or of on_init_db another schema, in the place of this one.
pub fn rewrite(sql: &[u8]) -> Verdict {
    pack(abi::OP_REWRITE, Payload::new().put(sql).done())
}

fn route_to(to: u32, name: &str) -> Verdict {
    pack(abi::OP_ROUTE, Payload::new().put_u8(to as u8).put(name.as_bytes()).done())
}

/// Sends the command to a pool.
pub fn route(pool: &str) -> Verdict {
    route_to(abi::ROUTE_POOL, pool)
}

/// Sends the command to a backend of the pool that it goes to.
pub fn route_backend(backend: &str) -> Verdict {
    route_to(abi::ROUTE_BACKEND, backend)
}

/// Answers with rows of text; None is NULL. Each row has as many values as there are columns.
pub fn reply(columns: &[&str], rows: &[&[Option<&[u8]>]]) -> Verdict {
    let mut p = Payload::new().put_u16(columns.len() as u16).put_u16(rows.len() as u16);
    for name in columns {
        p = p.put_u16(name.len() as u16).put(name.as_bytes());
    }
    for row in rows {
        assert!(row.len() == columns.len());
        for value in row.iter() {
            p = match value {
                Some(bytes) => p.put_u32(bytes.len() as u32).put(bytes),
                None => p.put_u32(abi::NULL_LENGTH),
            };
        }
    }
    pack(abi::OP_REPLY, p.done())
}

/// Answers that all is well.
pub fn ok(affected: u64, insert_id: u64, info: &str) -> Verdict {
    pack(abi::OP_OK, Payload::new().put_u64(affected).put_u64(insert_id).put(info.as_bytes()).done())
}

/// A rewrite and a route at once.
pub fn both(rewrite: Verdict, route: Verdict) -> Verdict {
    let mut p = Payload::new();
    for v in [rewrite, route] {
        let (at, len) = ((v.0 as u64 >> 32) as usize, (v.0 as u32 >> 8) as usize);
        let payload = if len == 0 { &[] } else { unsafe { slice::from_raw_parts(at as *const u8, len) } };
        p = p.put_u32(v.0 as u32).put(payload);
    }
    pack(abi::OP_LIST, p.done())
}

/// What becomes of a column's values.
#[derive(Clone, Copy)]
pub enum Mask<'a> {
    Null,
    Constant(&'a [u8]),
    /// 32 hex digits of HMAC-SHA-256 under this key.
    Hash(&'a [u8]),
    /// How many characters stay at either end.
    Keep(u8, u8),
}

/// Masks columns, by their index.
pub fn mask(plan: &[(u16, Mask)]) -> Verdict {
    let mut p = Payload::new().put_u16(plan.len() as u16);
    for &(column, by) in plan {
        let (number, first, last, bytes): (u32, u8, u8, &[u8]) = match by {
            Mask::Null => (abi::MASK_NULL, 0, 0, &[]),
            Mask::Constant(bytes) => (abi::MASK_CONSTANT, 0, 0, bytes),
            Mask::Hash(key) => (abi::MASK_HASH, 0, 0, key),
            Mask::Keep(first, last) => (abi::MASK_KEEP, first, last, &[]),
        };
        p = p.put_u16(column).put(&[number as u8, first, last, 0]).put_u16(bytes.len() as u16).put(bytes);
    }
    pack(abi::OP_MASK, p.done())
}

impl Verdict {
    /// Promises that the verdict rests on digest, user, schema and kind alone.
    pub fn cacheable(self) -> Verdict {
        Verdict(self.0 | abi::OP_CACHEABLE as i64)
    }
}
