//go:build linux

package peer

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// MariaDB starts a server in dir/mariadb, making its data folder if there is
// none, and says whether it did. The server is set up to be cheap, so that the
// proxy's share shows: everything in memory, nothing synced, nothing traced.
// Its root has no password; it listens on this machine only.
func MariaDB(dir string) (p *Process, fresh bool, err error) {
	base := filepath.Join(dir, "mariadb")
	data := filepath.Join(base, "data")
	if _, err := os.Stat(filepath.Join(data, "mysql")); err != nil {
		fresh = true
		if err := os.MkdirAll(base, 0o755); err != nil {
			return nil, false, fmt.Errorf("folder of the backend: %w", err)
		}
		out, err := exec.Command("mariadb-install-db", "--no-defaults", "--user=root", "--datadir="+data,
			"--auth-root-authentication-method=normal", "--skip-test-db").CombinedOutput()
		if err != nil {
			return nil, false, fmt.Errorf("install the backend's tables: %w: %s", err, out)
		}
	}
	addr, err := FreeAddr()
	if err != nil {
		return nil, false, err
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, false, fmt.Errorf("address of the backend: %w", err)
	}
	p, err = Start("mariadb", addr, base, []string{"mariadbd", "--no-defaults", "--user=root",
		"--datadir=" + data, "--bind-address=" + host, "--port=" + port,
		"--socket=" + filepath.Join(base, "sock"), "--skip-name-resolve", "--skip-log-bin",
		"--innodb-buffer-pool-size=256M", "--innodb-log-file-size=256M",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
		"--performance-schema=OFF", "--query-cache-type=0",
		"--max-allowed-packet=1G", "--max-connections=2500", "--thread-cache-size=2500",
		"--max-connect-errors=1000000"})
	return p, fresh, err
}
