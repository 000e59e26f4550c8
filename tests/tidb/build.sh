#!/usr/bin/env bash
# Builds tidbpool once and prints the path of the binary.
#   build.sh         builds it if it is not in the cache
#   build.sh --path  only prints where it is or would be
# A cold build takes about 13 minutes of CPU, so the binary (174 MB) stays outside
# the tree, named by a hash of everything it depends on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
version=v8.5.0 # of the pinned commit's release line; the server's greeting shows it
hash=$( (cat go.mod go.sum tidbpool/*.go; echo "$version"; go version) | sha256sum | cut -c1-16)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/dbmesh"
binary="$cache/tidbpool-$hash"
if [ "${1:-}" = --path ] || [ -x "$binary" ]; then
	echo "$binary"
	exit
fi
mkdir -p "$cache"
exec 9>"$cache/tidbpool.lock"
flock 9 # two builds at once would take twice as long
if [ ! -x "$binary" ]; then
	echo "building tidbpool; the first time this takes 7 minutes or more on two cores" >&2
	nice -n 10 go build -ldflags "-s -w -X github.com/pingcap/tidb/pkg/parser/mysql.TiDBReleaseVersion=$version" -o "$binary.new" ./tidbpool
	mv "$binary.new" "$binary"
	find "$cache" -name 'tidbpool-*' -mtime +7 ! -path "$binary" -delete
fi
echo "$binary"
