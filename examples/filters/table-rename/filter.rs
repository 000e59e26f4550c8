//! A filter that puts other tables in the place of those that a statement names.
#![no_std]

use dbmesh::{abi, deny, rewrite, Call, Global, Verdict, PASS};

dbmesh::filter! { configure: configure, on_query: check, on_prepare: check }

/// The names to look for, in the order of the config.
static FROM: Global<i32> = Global::new(-1);

fn configure(call: &Call) -> Result<(), &str> {
    let mut names: &[u8] = b"";
    for i in 0.. {
        let from = match call.config_get(call.text(format_args!("tables.{}.from", i))) {
            Ok(from) => from,
            Err(_) => break,
        };
        if call.config_get(call.text(format_args!("tables.{}.to", i))).is_err() {
            return Err("tables: each entry needs from and to");
        }
        names = if i == 0 { from } else { call.join(&[names, b"\n", from]) };
    }
    FROM.set(call.match_new(abi::MATCH_TABLE, dbmesh::utf8(names)));
    if FROM.get() < 0 {
        return Err("tables: want a list of {from: shop.old, to: shop.new}");
    }
    Ok(())
}

fn check(call: &Call) -> Verdict {
    if call.matches(FROM.get(), abi::SUBJECT_TABLES) < 0 {
        return PASS;
    }
    let mut sql = match call.sql() {
        Ok(sql) if !call.has(abi::FLAG_TRUNCATED) => sql,
        _ => return refuse(call, "the statement is too long"),
    };
    let places = (0..).take_while(|&i| call.place(i).is_some()).count() as i32;
    let mut renamed = 0;
    for i in (0..places).rev() {
        // From the last to the first: a new name does not move those before it.
        let (span, name) = match (call.place(i), call.place_name(i)) {
            (Some(span), Ok(name)) => (span, name),
            _ => return refuse(call, "a table has no name"),
        };
        let which = call.matches_bytes(FROM.get(), name);
        if which < 0 {
            continue;
        }
        match call.config_get(call.text(format_args!("tables.{}.to", which))) {
            Ok(to) => sql = call.splice(sql, span, to),
            Err(_) => return refuse(call, "its config is gone"),
        }
        renamed += 1;
    }
    if renamed == 0 {
        return refuse(call, "where the table stands in the text is not sure");
    }
    rewrite(sql)
}

fn refuse(call: &Call, why: &str) -> Verdict {
    deny(1105, "HY000", call.text(format_args!("table-rename: {}", why)))
}
