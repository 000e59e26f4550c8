// A filter that writes into each statement who sent it, as sqlcommenter does.
import * as dbmesh from "dbmesh";
export { dbmesh_v1, dbmesh_block, dbmesh_hooks } from "dbmesh";

let attributes: string[] = [];

export function dbmesh_configure(): i64 {
  attributes = [];
  for (let i = 0; ; i++) {
    const name = dbmesh.configGet("attributes." + i.toString());
    if (name == null) return 0;
    attributes.push(name);
  }
  return 0;
}

export function on_query(index: i32): i64 {
  const kind = dbmesh.kind();
  if (kind != dbmesh.KIND_SELECT && kind != dbmesh.KIND_INSERT && kind != dbmesh.KIND_UPDATE &&
      kind != dbmesh.KIND_DELETE && kind != dbmesh.KIND_REPLACE) return 0;
  if (dbmesh.has(dbmesh.FLAG_TRUNCATED) || dbmesh.has(dbmesh.FLAG_OPAQUE)) return 0;
  const sql = dbmesh.sqlBytes();
  if (sql == null) return 0;
  let end = sql.length;
  while (end > 0 && (sql[end - 1] <= 0x20 || sql[end - 1] == 0x3b)) end--; // blanks and semicolons
  if (tagged(sql, end)) return 0;
  const tag = dbmesh.encode(comment());
  const out = new Uint8Array(sql.length + tag.length);
  out.set(sql.subarray(0, end), 0);
  out.set(tag, end);
  out.set(sql.subarray(end), end + tag.length);
  return dbmesh.answer(dbmesh.rewriteBytes(out));
}

// tagged says whether a comment behind the statement might swallow ours, or is one of its kind.
function tagged(sql: Uint8Array, end: i32): bool {
  for (let i = 0; i < end; i++) {
    const c = sql[i];
    if (c == 0x23 /* # */ || (c == 0x2d && i + 1 < end && sql[i + 1] == 0x2d)) return true;
  }
  return end > 1 && sql[end - 2] == 0x2a && sql[end - 1] == 0x2f;
}

function comment(): string {
  const pairs: string[] = [];
  for (let i = 0; i < attributes.length; i++) {
    const value = dbmesh.attribute(attributes[i]);
    if (value != null && value.length > 0) pairs.push(pair(attributes[i], value));
  }
  const user = dbmesh.sessionStr(dbmesh.STR_USER);
  if (user != null) pairs.push(pair("db_user", user));
  pairs.sort();
  return " /*" + pairs.join(",") + "*/";
}

// pair is key='value', URL-encoded: nothing in it ends a comment or a string.
function pair(key: string, value: string): string {
  return encodeURIComponent(key).replaceAll("'", "%27").replaceAll("*", "%2A") + "='" +
    encodeURIComponent(value).replaceAll("'", "%27").replaceAll("*", "%2A") + "'";
}
