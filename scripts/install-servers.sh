#!/usr/bin/env bash
# Installs what tests need of MariaDB from Debian's packages, if it is missing.
# The package mariadb-server would start a service on port 3306, so only the
# programs are installed, and its ed25519 plugin is unpacked into the user's cache.
# Where it cannot install, it says so in one line and ends with 0, or with 1 if
# DBMESH_REQUIRE_SERVERS is 1.
set -euo pipefail

plugins="${XDG_CACHE_HOME:-$HOME/.cache}/dbmesh/mariadb-plugins"
wanted=(mariadb-server-core mariadb-client-core mariadb-client)

have() { PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null; }
programs() { have mariadbd && have mariadb-install-db && have mariadb && have mariadb-dump; }
ed25519() { [ -e /usr/lib/mysql/plugin/auth_ed25519.so ] || [ -e "$plugins/auth_ed25519.so" ]; }

left_out() {
	echo "install-servers: $1; $2" >&2
	[ "${DBMESH_REQUIRE_SERVERS:-}" != 1 ]
	exit
}

as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >/dev/null; }

unpack_plugin() {
	local there done=1
	there=$(mktemp -d)
	(cd "$there" && apt-get -qq -o APT::Sandbox::User=root download mariadb-server >/dev/null) &&
		dpkg-deb -x "$there"/mariadb-server_*.deb "$there" && mkdir -p "$plugins" &&
		cp "$there/usr/lib/mysql/plugin/auth_ed25519.so" "$plugins/" && done=0
	rm -rf "$there"
	return $done
}

if programs && ed25519; then exit 0; fi
have apt-get || left_out "this system has no apt-get" "install MariaDB 10.11 by hand, or tests on real servers are left out"
if ! programs; then
	echo "install-servers: installing ${wanted[*]}" >&2
	{ apt update && apt install -y --no-install-recommends "${wanted[@]}"; } ||
		left_out "apt-get could not install ${wanted[*]} (root or sudo is needed)" "tests on a real MariaDB are left out"
fi
ed25519 || unpack_plugin || left_out "the ed25519 plugin could not be downloaded" "tests of ed25519 logins are left out"
