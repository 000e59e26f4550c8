#!/usr/bin/env bash
# Runs every fuzz target there is for some seconds each, two at a time: fuzz.sh SECONDS.
# What a target finds is left in its package's testdata/fuzz, to be committed with the fix.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=$1
targets=$(git ls-files -co --exclude-standard '*_test.go' | xargs grep -HoE '^func Fuzz[A-Za-z0-9_]+' | sed -E 's|/[^/]+:func | |' | sort -u)
if [ -z "$targets" ]; then
	echo "fuzz: no targets"
	exit 1
fi

one() {
	local log status=0
	log=$(mktemp)
	# In its own directory, for it may be of a nested module.
	(cd "$3" && timeout $(($2 + 300)) go test -run '^$' -fuzz "^$4\$" -fuzztime "$2s" -fuzzminimizetime 10x -parallel 1 .) >"$log" 2>&1 || status=$?
	# Go's fuzzer reports its own end as a failure when its worker is late: the message is
	# the deadline's and no input was written. That is no finding.
	if [ $status = 1 ] && grep -q '^ *context deadline exceeded$' "$log" &&
		! grep -qE 'Failing input written|panic:|_test\.go:[0-9]+:' "$log"; then
		status=0
	fi
	if [ $status = 0 ]; then
		echo "fuzz: ok   $3 $4 $(grep -oE 'execs: [0-9]+' "$log" | tail -n 1)"
	else
		echo "fuzz: FAIL $3 $4 (status $status)"
		cat "$log"
		found=$(sed -nE 's/^ *Failing input written to //p' "$log" | head -n 1)
		if [ -n "$found" ]; then cat "$3/$found"; fi # on a machine that is thrown away, the log is all that stays
	fi
	rm -f "$log"
	return $status
}
export -f one
mkdir -p bin
go build -o bin/dbmesh ./cmd/dbmesh # where the SDK's tests get their facts
export DBMESH=$PWD/bin/dbmesh
echo "fuzz: $(wc -l <<<"$targets") targets, $seconds s each"
# The first build of a package for fuzzing is long, so each package is built before the clock runs.
cut -d' ' -f1 <<<"$targets" | sort -u | xargs -I{} go -C {} test -run '^$' -fuzz '^$' . >/dev/null
xargs -P 2 -L 1 bash -c 'one "$@"' _ x "$seconds" <<<"$targets"
