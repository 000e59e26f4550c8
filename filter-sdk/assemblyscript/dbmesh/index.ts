// The AssemblyScript SDK for dbmesh filters. README.md has an example.
//
// A filter exports its hooks, functions (arg: i32): i64 that return answer(verdict), and those
// three of this file that dbmesh needs:
//
//   export { dbmesh_v1, dbmesh_block, dbmesh_hooks } from "dbmesh";
//
// Texts are strings, decoded from UTF-8, or null where the host has none: lastAnswer then tells
// why. Those that may hold any bytes can be had as such too. Only functions that a filter calls
// become imports of its module.

import * as abi from "./abi";
export * from "./abi";

let block: usize = 0;
let textCapacity: u32 = 0;
let wants: u64 = 0;

// wantText asks the host to lay up to capacity bytes of a statement ready before each hook:
// worth it where nearly every call reads the text. It and wantParams are called at top level.
export function wantText(capacity: u32): void {
  textCapacity = capacity;
}

// wantParams asks for the parameters of executes.
export function wantParams(): void {
  wants |= abi.WANT_PARAMS;
}

export function dbmesh_v1(): i32 {
  return abi.MINOR;
}

export function dbmesh_block(): i32 {
  block = heap.alloc(abi.HEADER_SIZE + textCapacity);
  memory.fill(block, 0, abi.HEADER_SIZE + textCapacity);
  store<u32>(block + abi.AT_TEXT_CAPACITY, textCapacity);
  return <i32>block;
}

export function dbmesh_hooks(): i64 {
  return <i64>(((<u64>textCapacity) << abi.WANT_TEXT_SHIFT) | wants | ((1 << abi.HOOKS) - 1));
}

// Facts, valid during a hook.

export function layout(): u32 { return load<u16>(block + abi.AT_LAYOUT); }
export function hook(): u32 { return load<u16>(block + abi.AT_HOOK); }
export function flags(): u32 { return load<u32>(block + abi.AT_FLAGS); }
// has says whether all of these FLAG_ bits are set.
export function has(bits: u32): bool { return (flags() & bits) == bits; }
export function kind(): u32 { return load<u8>(block + abi.AT_KIND); } // a KIND_
export function access(): u32 { return load<u8>(block + abi.AT_ACCESS); } // an ACCESS_
export function tables(): i32 { return load<u16>(block + abi.AT_TABLES); }
export function params(): i32 { return load<u16>(block + abi.AT_PARAMS); }
export function columns(): i32 { return load<u16>(block + abi.AT_COLUMNS); }
export function functions(): i32 { return load<u16>(block + abi.AT_FUNCTIONS); }
export function sqlLength(): u32 { return load<u32>(block + abi.AT_SQL_LENGTH); }
export function textLength(): u32 { return load<u32>(block + abi.AT_TEXT_LENGTH); }
export function digestNumber(): u64 { return load<u64>(block + abi.AT_DIGEST); }
export function session(): u64 { return load<u64>(block + abi.AT_SESSION); }
export function sequence(): u64 { return load<u64>(block + abi.AT_SEQUENCE); }
export function userNumber(): u32 { return load<u32>(block + abi.AT_USER); }
export function schemaNumber(): u32 { return load<u32>(block + abi.AT_SCHEMA); }
// address gives the client's 16 bytes, IPv6 or IPv4-mapped.
export function address(): Uint8Array { return copied(block + abi.AT_ADDRESS, 16); }
export function port(): u32 { return load<u16>(block + abi.AT_PORT); }
export function statement(): u32 { return load<u16>(block + abi.AT_STATEMENT); }
export function statements(): u32 { return load<u16>(block + abi.AT_STATEMENTS); }
export function errorCode(): u32 { return load<u16>(block + abi.AT_ERROR_CODE); }
export function timeMs(): i64 { return load<i64>(block + abi.AT_TIME); }
export function statementId(): u32 { return load<u32>(block + abi.AT_STATEMENT_ID); }
export function rows(): u64 { return load<u64>(block + abi.AT_ROWS); }
export function affected(): u64 { return load<u64>(block + abi.AT_AFFECTED); }
export function latencyUs(): u32 { return load<u32>(block + abi.AT_LATENCY); }
export function sentBytes(): u32 { return load<u32>(block + abi.AT_BYTES); }
// slot is the address of the session's own SLOT_SIZE bytes, for load and store.
export function slot(): usize { return block + abi.AT_SLOT; }

// Getters write into the buffer; where it was too small they are called again.

let buffer = new ArrayBuffer(1024);
let answered: i32 = 0;

// lastAnswer is the length that the last getter gave, or why it gave null: NOT_THERE for example.
export function lastAnswer(): i32 { return answered; }

// @ts-ignore: decorator
@inline
function at(): usize { return changetype<usize>(buffer); }
// @ts-ignore: decorator
@inline
function room(): i32 { return buffer.byteLength; }

function short(len: i32): bool {
  answered = len;
  if (len <= room()) return false;
  buffer = new ArrayBuffer(len);
  return true;
}

function copied(from: usize, len: i32): Uint8Array {
  const bytes = new Uint8Array(len);
  memory.copy(bytes.dataStart, from, len);
  return bytes;
}

function bytes(): Uint8Array | null { return answered < 0 ? null : copied(at(), answered); }
function text(): string | null { return answered < 0 ? null : String.UTF8.decodeUnsafe(at(), answered); }

// utf8 decodes bytes, encode is its counterpart.
export function utf8(bytes: Uint8Array): string { return String.UTF8.decodeUnsafe(bytes.dataStart, bytes.length); }
export function encode(text: string): Uint8Array { return Uint8Array.wrap(String.UTF8.encode(text)); }

// The statement. Its text is whole unless FLAG_TRUNCATED is set.

function pullSQL(): void {
  if (short(abi.host_sql(at(), room(), 0))) abi.host_sql(at(), room(), 0);
}
function ready(): bool {
  const len = textLength();
  return len != 0 && len == sqlLength();
}
export function sql(): string | null {
  if (ready()) return String.UTF8.decodeUnsafe(block + abi.HEADER_SIZE, textLength());
  pullSQL();
  return text();
}
export function sqlBytes(): Uint8Array | null {
  if (ready()) return copied(block + abi.HEADER_SIZE, textLength());
  pullSQL();
  return bytes();
}
export function digest(): string | null {
  if (short(abi.host_digest(at(), room(), 0))) abi.host_digest(at(), room(), 0);
  return text();
}
export function digestText(): string | null {
  if (short(abi.host_digest_text(at(), room(), 0))) abi.host_digest_text(at(), room(), 0);
  return text();
}
export function table(index: i32): string | null {
  if (short(abi.host_table(index, at(), room(), 0))) abi.host_table(index, at(), room(), 0);
  return text();
}
// tableAccess is 0 for a table that is read, 1 for one that is written.
export function tableAccess(index: i32): i32 { return abi.host_table_access(index); }
export function calledFunction(index: i32): string | null {
  if (short(abi.host_function(index, at(), room(), 0))) abi.host_function(index, at(), room(), 0);
  return text();
}

// A Span is the bytes of the statement's text from start to before end.
export class Span {
  constructor(public start: i32, public end: i32) {}
}
function span(packed: i64): Span | null {
  return packed < 0 ? null : new Span(<i32>(packed >> 32), <i32>packed);
}
// clause tells where a CLAUSE_ stands, place where tables are named, in order, placeName which is named there.
export function clause(id: u32): Span | null { return span(abi.host_clause(id)); }
export function place(index: i32): Span | null { return span(abi.host_place(index)); }
export function placeName(index: i32): string | null {
  if (short(abi.host_place_name(index, at(), room(), 0))) abi.host_place_name(index, at(), room(), 0);
  return text();
}
// splice gives text with other bytes in the place of a span.
export function splice(text: Uint8Array, span: Span, put: Uint8Array): Uint8Array {
  assert(0 <= span.start && span.start <= span.end && span.end <= text.length);
  const out = new Uint8Array(text.length - (span.end - span.start) + put.length);
  out.set(text.subarray(0, span.start), 0);
  out.set(put, span.start);
  out.set(text.subarray(span.end), span.start + put.length);
  return out;
}

function pullParam(index: i32): void {
  if (short(abi.host_param(index, at(), room(), 0))) abi.host_param(index, at(), room(), 0);
}
export function param(index: i32): string | null {
  pullParam(index);
  return text();
}
export function paramBytes(index: i32): Uint8Array | null {
  pullParam(index);
  return bytes();
}
// paramType is a PARAM_, or negative.
export function paramType(index: i32): i32 { return abi.host_param_type(index); }

// The session, results and errors.

// sessionStr takes a STR_, column a COLUMN_, errorStr an ERR_.
export function sessionStr(id: u32): string | null {
  if (short(abi.host_session_str(id, at(), room(), 0))) abi.host_session_str(id, at(), room(), 0);
  return text();
}
export function attribute(name: string): string | null {
  const key = encode(name);
  if (short(abi.host_attribute(key.dataStart, key.length, at(), room(), 0))) abi.host_attribute(key.dataStart, key.length, at(), room(), 0);
  return text();
}
export function column(index: i32, field: u32): string | null {
  if (short(abi.host_column(index, field, at(), room(), 0))) abi.host_column(index, field, at(), room(), 0);
  return text();
}
export function columnType(index: i32): i32 { return abi.host_column_type(index); }
export function errorStr(id: u32): string | null {
  if (short(abi.host_error_str(id, at(), room(), 0))) abi.host_error_str(id, at(), room(), 0);
  return text();
}

// The filter's config: all of it as JSON, or one value as text.

export function config(): string | null {
  if (short(abi.host_config(at(), room(), 0))) abi.host_config(at(), room(), 0);
  return text();
}
export function configGet(name: string): string | null {
  const key = encode(name);
  if (short(abi.host_config_get(key.dataStart, key.length, at(), room(), 0))) abi.host_config_get(key.dataStart, key.length, at(), room(), 0);
  return text();
}

// Matching: matchNew (a MATCH_) only works in dbmesh_configure and gives the set's number; match takes a SUBJECT_.

export function matchNew(kind: u32, patterns: string): i32 {
  const p = encode(patterns);
  return abi.host_match_new(kind, p.dataStart, p.length);
}
export function match(set: i32, subject: u32): i32 { return abi.host_match(set, subject); }
export function matchBytes(set: i32, bytes: Uint8Array): i32 { return abi.host_match_bytes(set, bytes.dataStart, bytes.length); }

// State of the session, and values that all sessions share.

function pullState(): void {
  if (short(abi.host_state_get(at(), room(), 0))) abi.host_state_get(at(), room(), 0);
}
export function state(): string | null {
  pullState();
  return text();
}
export function stateBytes(): Uint8Array | null {
  pullState();
  return bytes();
}
export function setState(value: string): i32 { return setStateBytes(encode(value)); }
export function setStateBytes(value: Uint8Array): i32 { return abi.host_state_set(value.dataStart, value.length); }

function pullKV(name: string): void {
  const key = encode(name);
  if (short(abi.host_kv_get(key.dataStart, key.length, at(), room(), 0))) abi.host_kv_get(key.dataStart, key.length, at(), room(), 0);
}
export function kvGet(key: string): string | null {
  pullKV(key);
  return text();
}
export function kvBytes(key: string): Uint8Array | null {
  pullKV(key);
  return bytes();
}
// kvSet keeps a value for ttlMs, 0 for as long as there is room; 0 or a negative answer.
export function kvSet(key: string, value: string, ttlMs: i64): i32 { return kvSetBytes(key, encode(value), ttlMs); }
export function kvSetBytes(name: string, value: Uint8Array, ttlMs: i64): i32 {
  const key = encode(name);
  return abi.host_kv_set(key.dataStart, key.length, value.dataStart, value.length, ttlMs);
}
// kvIncr adds to a counter and gives it.
export function kvIncr(name: string, delta: i64, ttlMs: i64): i64 {
  const key = encode(name);
  return abi.host_kv_incr(key.dataStart, key.length, delta, ttlMs);
}
export function kvDelete(name: string): i32 {
  const key = encode(name);
  return abi.host_kv_delete(key.dataStart, key.length);
}
// rate takes one of limit tokens that come back within perMs: 1 if there was one, else 0.
export function rate(name: string, limit: i32, perMs: i32): i32 {
  const key = encode(name);
  return abi.host_rate(key.dataStart, key.length, limit, perMs);
}

// Metrics, log and time. metricNew (a METRIC_) only works in dbmesh_configure and gives the metric's number.

export function metricNew(kind: u32, name: string): i32 {
  const bytes = encode(name);
  return abi.host_metric_def(kind, bytes.dataStart, bytes.length);
}
export function metricAdd(metric: i32, value: f64): i32 { return abi.host_metric_add(metric, value); }
export function log(level: u32, line: string): void { logBytes(level, encode(line)); }
export function logBytes(level: u32, line: Uint8Array): void { abi.host_log(level, line.dataStart, line.length); }
export function nowNs(): i64 { return abi.host_now_ns(); }

// Verdicts.

export class Verdict {
  constructor(public op: u32, public payload: Uint8Array) {}

  // cacheable promises that the verdict rests on digest, user, schema and kind alone.
  cacheable(): Verdict {
    return new Verdict(this.op | abi.OP_CACHEABLE, this.payload);
  }
}

const empty = new Uint8Array(0);
let given: Verdict = new Verdict(abi.OP_PASS, empty);

// answer is what a hook returns. The verdict lives until the next answer.
export function answer(verdict: Verdict): i64 {
  given = verdict;
  const payload = verdict.payload;
  assert(<u32>payload.length <= abi.MAX_REWRITE);
  return (<i64>payload.dataStart << 32) | (<i64>payload.length << 8) | <i64>verdict.op;
}

// refuse is what dbmesh_configure returns where the filter can't work with its config; else 0.
export function refuse(why: string): i64 { return answer(new Verdict(abi.OP_DENY, encode(why))); }

// Form writes a payload.
class Form {
  at: i32 = 0;
  out: Uint8Array;
  constructor(size: i32) { this.out = new Uint8Array(size); }
  put<T>(n: T): Form {
    store<T>(this.out.dataStart + this.at, n);
    this.at += sizeof<T>();
    return this;
  }
  bytes(b: Uint8Array): Form {
    this.out.set(b, this.at);
    this.at += b.length;
    return this;
  }
}

export function pass(): Verdict { return new Verdict(abi.OP_PASS, empty); }

function error(op: u32, code: u16, state: string, message: string): Verdict {
  const text = encode(message);
  return new Verdict(op, new Form(7 + text.length).put<u16>(code).bytes(encode(state).subarray(0, 5)).bytes(text).out);
}

// deny answers with an error; of on_error it takes the place of the backend's. state has five characters.
export function deny(code: u16, state: string, message: string): Verdict { return error(abi.OP_DENY, code, state, message); }
// disconnect does too, and ends the session.
export function disconnect(code: u16, state: string, message: string): Verdict { return error(abi.OP_DISCONNECT, code, state, message); }

// rewrite gives another statement, or of on_init_db another schema, in the place of this one.
export function rewrite(sql: string): Verdict { return rewriteBytes(encode(sql)); }
export function rewriteBytes(sql: Uint8Array): Verdict { return new Verdict(abi.OP_REWRITE, sql); }

function routeTo(to: u32, name: string): Verdict {
  const text = encode(name);
  return new Verdict(abi.OP_ROUTE, new Form(1 + text.length).put<u8>(<u8>to).bytes(text).out);
}
// route sends the command to a pool, routeBackend to a backend of the pool that it goes to.
export function route(pool: string): Verdict { return routeTo(abi.ROUTE_POOL, pool); }
export function routeBackend(backend: string): Verdict { return routeTo(abi.ROUTE_BACKEND, backend); }

// reply answers with rows of text; null is NULL. Each row has as many values as there are columns.
export function reply(columns: string[], rows: (string | null)[][]): Verdict {
  const names = columns.map<Uint8Array>((name: string) => encode(name));
  const values: (Uint8Array | null)[] = [];
  let size = 4;
  for (let i = 0; i < names.length; i++) size += 2 + names[i].length;
  for (let i = 0; i < rows.length; i++) {
    assert(rows[i].length == names.length);
    for (let j = 0; j < names.length; j++) {
      const value = rows[i][j];
      const b: Uint8Array | null = value === null ? null : encode(value);
      values.push(b);
      size += 4 + (b === null ? 0 : b.length);
    }
  }
  const form = new Form(size).put<u16>(<u16>names.length).put<u16>(<u16>rows.length);
  for (let i = 0; i < names.length; i++) form.put<u16>(<u16>names[i].length).bytes(names[i]);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === null) form.put<u32>(abi.NULL_LENGTH);
    else form.put<u32>(value.length).bytes(value);
  }
  return new Verdict(abi.OP_REPLY, form.out);
}

// ok answers that all is well.
export function ok(affected: u64, insertId: u64, info: string): Verdict {
  const text = encode(info);
  return new Verdict(abi.OP_OK, new Form(16 + text.length).put<u64>(affected).put<u64>(insertId).bytes(text).out);
}

// both is a rewrite and a route at once.
export function both(rewrite: Verdict, route: Verdict): Verdict {
  const form = new Form(8 + rewrite.payload.length + route.payload.length);
  form.put<u32>(((<u32>rewrite.payload.length) << 8) | rewrite.op).bytes(rewrite.payload);
  form.put<u32>(((<u32>route.payload.length) << 8) | route.op).bytes(route.payload);
  return new Verdict(abi.OP_LIST, form.out);
}

// A Mask says what becomes of a column's values.
export class Mask {
  constructor(public column: u16, public by: u32, public first: u8, public last: u8, public bytes: Uint8Array) {}
}
export function maskNull(column: u16): Mask { return new Mask(column, abi.MASK_NULL, 0, 0, empty); }
export function maskConstant(column: u16, value: string): Mask { return new Mask(column, abi.MASK_CONSTANT, 0, 0, encode(value)); }
// maskHash gives 32 hex digits of HMAC-SHA-256 under the key.
export function maskHash(column: u16, key: string): Mask { return new Mask(column, abi.MASK_HASH, 0, 0, encode(key)); }
// maskKeep leaves the first and last characters.
export function maskKeep(column: u16, first: u8, last: u8): Mask { return new Mask(column, abi.MASK_KEEP, first, last, empty); }

// mask masks columns of a result, in on_columns.
export function mask(plan: Mask[]): Verdict {
  let size = 2;
  for (let i = 0; i < plan.length; i++) size += 8 + plan[i].bytes.length;
  const form = new Form(size).put<u16>(<u16>plan.length);
  for (let i = 0; i < plan.length; i++) {
    const m = plan[i];
    form.put<u16>(m.column).put<u8>(<u8>m.by).put<u8>(m.first).put<u8>(m.last).put<u8>(0).put<u16>(<u16>m.bytes.length).bytes(m.bytes);
  }
  return new Verdict(abi.OP_MASK, form.out);
}
