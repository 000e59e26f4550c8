// Logs in with mysql2: one JSON object a line in, one JSON object a line out. With
// "change", the session then changes to another user.
'use strict';
const fs = require('fs');
const readline = require('readline');
const mysql = require('mysql2');

const rowsOf = (rows) => rows.map((row) => row.map((v) => (v === null ? 'NULL' : String(v))));

function failure(e) {
  if (e.errno > 0 && e.sqlState) {
    return { code: e.errno, state: e.sqlState, message: e.sqlMessage };
  }
  return { message: `${e.code}: ${e.message}` };
}

function login(a, done) {
  const options = {
    user: a.user, password: a.password, database: a.schema || undefined,
    connectTimeout: 20000, rowsAsArray: true, compress: Boolean(a.compress),
  };
  if (a.socket) options.socketPath = a.socket;
  else Object.assign(options, { host: a.host, port: a.port });
  if (a.ca) {
    options.ssl = { ca: fs.readFileSync(a.ca), minVersion: 'TLSv1.2' };
    if (a.cert) Object.assign(options.ssl, { cert: fs.readFileSync(a.cert), key: fs.readFileSync(a.key) });
  }
  const c = mysql.createConnection(options);
  let over = false;
  const finish = (result) => {
    if (over) return;
    over = true;
    c.destroy();
    done(result);
  };
  c.on('error', (e) => finish(failure(e)));
  const query = () => c.query(a.query, (e, rows) => finish(e ? failure(e) : { rows: rowsOf(rows) }));
  c.connect((e) => {
    if (e) return finish(failure(e));
    if (!a.change) return query();
    c.changeUser({ user: a.change.user, password: a.change.password, database: a.change.schema || undefined },
      (e) => (e ? finish(failure(e)) : query()));
  });
}

const queue = [];
let busy = false;
function next() {
  if (busy || queue.length === 0) return;
  busy = true;
  login(queue.shift(), (result) => {
    process.stdout.write(JSON.stringify(result) + '\n');
    busy = false;
    next();
  });
}
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  queue.push(JSON.parse(line));
  next();
});
