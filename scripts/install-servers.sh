#!/usr/bin/env bash
# Installs what tests need of MariaDB, Python and Node from Debian's packages, if it is
# missing. The package mariadb-server would start a service on port 3306, so only the
# programs are installed, and its ed25519 plugin is unpacked into the user's cache.
# Where it cannot install, it says so in one line and goes on; it ends with 0, or with 1
# if DBMESH_REQUIRE_SERVERS is 1.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/packages.sh"

plugins="${XDG_CACHE_HOME:-$HOME/.cache}/dbmesh/mariadb-plugins"

programs() { have mariadbd && have mariadb-install-db && have mariadb && have mariadb-dump; }
ed25519() { [ -e /usr/lib/mysql/plugin/auth_ed25519.so ] || [ -e "$plugins/auth_ed25519.so" ]; }
pymysql() { /usr/bin/python3 -c 'import pymysql, cryptography' 2>/dev/null; } # Debian's Python, whatever else there is
javascript() { have node && have npm; }

unpack_plugin() {
	local there done=1
	there=$(mktemp -d)
	(cd "$there" && apt-get -qq -o APT::Sandbox::User=root download mariadb-server >/dev/null) &&
		dpkg-deb -x "$there"/mariadb-server_*.deb "$there" && mkdir -p "$plugins" &&
		cp "$there/usr/lib/mysql/plugin/auth_ed25519.so" "$plugins/" && done=0
	rm -rf "$there"
	return $done
}

installed programs "tests on a real MariaDB are left out" mariadb-server-core mariadb-client-core mariadb-client
ed25519 || { have apt-get && unpack_plugin; } || left_out "the ed25519 plugin could not be downloaded; tests of ed25519 logins are left out"
installed pymysql "logins by PyMySQL are left out" python3 python3-pymysql python3-cryptography
installed javascript "logins by mysql2 are left out" nodejs npm
exit $status
