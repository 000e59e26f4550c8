"""Logs in with PyMySQL: one JSON object a line in, one JSON object a line out."""

import json
import sys

import pymysql


def login(a):
    tls = None
    if a.get("ca"):
        tls = {"ca": a["ca"]}
        if a.get("cert"):
            tls.update(cert=a["cert"], key=a["key"])
    where = {"unix_socket": a["socket"]} if a.get("socket") else {"host": a["host"], "port": a["port"]}
    try:
        c = pymysql.connect(
            user=a["user"], password=a["password"].encode(), database=a.get("schema") or None,
            ssl=tls, ssl_disabled=tls is None, connect_timeout=20, read_timeout=20, **where)
        try:
            with c.cursor() as cursor:
                cursor.execute(a["query"])
                return {"rows": [["NULL" if v is None else str(v) for v in row] for row in cursor.fetchall()]}
        finally:
            c.close()
    except pymysql.MySQLError as e:
        if len(e.args) > 1 and isinstance(e.args[0], int):
            return {"code": e.args[0], "message": str(e.args[1])}
        return {"message": f"{type(e).__name__}: {e}"}
    except Exception as e:  # the driver's own bugs are results too: they must be equal
        return {"message": f"{type(e).__name__}: {e}"}


for line in sys.stdin:
    print(json.dumps(login(json.loads(line))), flush=True)
