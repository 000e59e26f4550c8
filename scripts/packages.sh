# What the scripts that install have in common: sourced, not run. status becomes 1 when
# something is left out that DBMESH_REQUIRE_SERVERS=1 demands.
# shellcheck shell=bash
status=0

have() { PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null; }

left_out() {
	echo "$(basename "$0" .sh): $1" >&2
	if [ "${DBMESH_REQUIRE_SERVERS:-}" = 1 ]; then status=1; fi
}

as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >/dev/null; }

# installed CHECK LEFT-OUT PACKAGE...: installs the packages unless CHECK finds what they bring.
installed() {
	local check=$1 without=$2
	shift 2
	if $check; then return; fi
	if ! have apt-get; then
		left_out "this system has no apt-get to install $*; $without"
		return
	fi
	echo "$(basename "$0" .sh): installing $*" >&2
	apt update && apt install -y --no-install-recommends "$@" && $check && return
	left_out "apt-get could not install $* (root or sudo is needed); $without"
}
