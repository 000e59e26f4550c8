//! A guest that decides by facts alone.
#![no_std]

use dbmesh::{abi, deny, Call, Verdict, PASS};

dbmesh::filter! { on_query: check }

fn check(call: &Call) -> Verdict {
    if (call.kind() == abi::KIND_UPDATE || call.kind() == abi::KIND_DELETE) && !call.has(abi::FLAG_WHERE) {
        return deny(1105, "HY000", "a write without WHERE is blocked");
    }
    PASS
}
