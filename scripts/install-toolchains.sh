#!/usr/bin/env bash
# Installs the compilers that tests make filters with: clang, Rust for WebAssembly and a lld for
# each from Debian's packages, and AssemblyScript from npm into the user's cache, as the lock
# file of its SDK says. Debian's rustc is /usr/bin/rustc; another one on PATH is left alone.
# Where it cannot install, it says so in one line and goes on; it ends with 0, or with 1
# if DBMESH_REQUIRE_SERVERS is 1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/packages.sh

sdk=filter-sdk/assemblyscript
asc="${XDG_CACHE_HOME:-$HOME/.cache}/dbmesh/assemblyscript-$(sed -n 's/.*"assemblyscript": "\(.*\)".*/\1/p' $sdk/package.json)"

clang() { have clang-19 && have wasm-ld-19; }
rust() { [ -x /usr/bin/rustc ] && [ -d "$(/usr/bin/rustc --print target-libdir --target wasm32-unknown-unknown)" ] && have wasm-ld-14; }
javascript() { have node && have npm; }
assemblyscript() { [ -x "$asc/node_modules/.bin/asc" ]; }

# Made elsewhere and renamed: a half-made folder is never taken for a whole one.
install_assemblyscript() {
	local made done=1
	javascript || return 1
	echo "install-toolchains: installing AssemblyScript in $asc" >&2
	mkdir -p "$(dirname "$asc")" && made=$(mktemp -d "$asc.XXXXXX") &&
		cp $sdk/package.json $sdk/package-lock.json "$made/" &&
		(cd "$made" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null) &&
		chmod 755 "$made" && rm -rf "$asc" && mv "$made" "$asc" && done=0
	rm -rf "${made:-}"
	return $done
}

installed clang "filters in C are left out" clang-19 lld-19
installed rust "filters in Rust are left out" rustc libstd-rust-dev-wasm32 lld-14
installed javascript "filters in AssemblyScript are left out" nodejs npm
assemblyscript || install_assemblyscript || left_out "npm could not install AssemblyScript; filters in AssemblyScript are left out"
exit $status
