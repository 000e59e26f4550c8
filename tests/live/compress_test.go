package live

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/client"
	gomysql "github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// offering is a listener that offers both compressions.
const offering = "compression: [zlib, zstd]"

// packed is a setup before one server that compresses the hop to it as told.
func packed(b *servers.Backend, backend string) setup {
	s := before(b, usualLinks)
	s.listener, s.pool = offering, fmt.Sprintf("compression: %q", backend)
	return s
}

// hops are the servers with what compression they have.
func hops(t *testing.T, test func(t *testing.T, b *servers.Backend, backend, status string)) {
	for _, c := range []struct{ server, backend, status string }{
		{"mariadb", "off", "OFF"}, {"mariadb", "zlib", "ON"}, {"mariadb", "zstd", "OFF"}, // which it has not
		{"tidb", "off", "OFF"}, {"tidb", "zlib", "ON"}, {"tidb", "zstd", "ON"},
	} {
		t.Run(c.server+" "+c.backend, func(t *testing.T) {
			var b *servers.Backend
			if c.server == "tidb" {
				b = shared.TiDB(t).Ends[0]
			} else {
				b = shared.MariaDB(t).Backend
			}
			test(t, b, c.backend, c.status)
		})
	}
}

const (
	// rowsOf20MB are 1000 rows that can be compressed, but not to nothing.
	rowsOf20MB = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i, REPEAT(MD5(i), 640) FROM n ORDER BY i"
	// valueOf20MB takes two frames.
	valueOf20MB = "SELECT REPEAT('abcdefghij', 2000000)"
)

// digest is the hash of all rows of all results.
func digest(t testing.TB, q querier2, query string, args ...any) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		t.Fatalf("%.60s: %v", query, err)
	}
	defer rows.Close()
	h := sha256.New()
	for {
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		values, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				fmt.Fprintf(h, "%d:", len(v))
				h.Write(v)
			}
		}
		if !rows.NextResultSet() {
			break
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%.60s: %v", query, err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

type querier2 interface {
	querier
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// withZlib has go-sql-driver ask for compression.
func withZlib(c *mysql.Config) { _ = c.Apply(mysql.EnableCompression(true)) }

func multi(c *mysql.Config) { c.MultiStatements, c.MaxAllowedPacket = true, 64<<20 }

func TestEveryCompressionOfTheTwoHopsGivesWhatTheServerGives(t *testing.T) {
	hops(t, func(t *testing.T, b *servers.Backend, backend, status string) {
		m := startMesh(t, parts{}, packed(b, backend).text())
		direct := session(t, app(t, b.Addr, multi))
		table := "packed_" + strings.ReplaceAll(t.Name()[len(t.Name())-4:], " ", "_")
		run(t, direct, "DROP TABLE IF EXISTS "+table)
		run(t, direct, "CREATE TABLE "+table+" (a INT PRIMARY KEY, b VARCHAR(200))")
		for name, change := range map[string]func(*mysql.Config){"none": func(*mysql.Config) {}, "zlib": withZlib} {
			t.Run("client "+name, func(t *testing.T) {
				c := session(t, app(t, m.addr(), multi, change))
				if got := compression(t, c); got != status {
					t.Errorf("the server says that compression is %s, want %s", got, status)
				}
				for _, query := range []string{
					"SELECT 1", rowsOf20MB, valueOf20MB, "SELECT 1; SELECT 2, 3; SELECT REPEAT('x', 300000); SELECT 4",
					"SELECT '" + strings.Repeat("some text ", 500_000) + "'",
					"SELECT '" + strings.Repeat("some text ", 1_700_000) + "' AS a",
				} {
					if got, want := digest(t, c, query), digest(t, direct, query); got != want {
						t.Errorf("%.60s: other rows than without dbmesh", query)
					}
				}
				long := bytes.Repeat([]byte("a long value"), 100_000)
				if got, want := digest(t, c, "SELECT ?, ?, MD5(?)", 7, long, long), digest(t, direct, "SELECT ?, ?, MD5(?)", 7, long, long); got != want {
					t.Error("a prepared statement gives other rows than without dbmesh")
				}
				uploads(t, c, table)
				if got := value(t, c, "SELECT 'still here'"); got != "still here" {
					t.Error(got)
				}
			})
		}
	})
}

// compression is what the server says of the connection.
func compression(t *testing.T, c querier) string {
	t.Helper()
	var name, status string
	if err := c.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Compression'").Scan(&name, &status); err != nil {
		t.Fatal(err)
	}
	return status
}

// uploads sends files by LOAD DATA LOCAL: none, a line, and more frames than a sequence
// number counts.
func uploads(t *testing.T, c *sql.Conn, table string) {
	t.Helper()
	for _, lines := range []int{0, 1, 60_000} {
		var file bytes.Buffer
		for i := range lines {
			fmt.Fprintf(&file, "%d\tline %d of the file, with some text that goes on for a while\n", i, i)
		}
		mysql.RegisterReaderHandler("file", func() io.Reader { return &file })
		run(t, c, "DELETE FROM "+table)
		run(t, c, "LOAD DATA LOCAL INFILE 'Reader::file' INTO TABLE "+table)
		if got := value(t, c, "SELECT COUNT(*) FROM "+table); got != fmt.Sprint(lines) {
			t.Errorf("%s lines of %d were loaded", got, lines)
		}
	}
}

// go-mysql's client checks each sequence number, of compressed packets and of frames.
func TestAStrictClientAgreesWithTheSequenceNumbers(t *testing.T) {
	hops(t, func(t *testing.T, b *servers.Backend, backend, _ string) {
		m := startMesh(t, parts{}, packed(b, backend).text())
		for name, flag := range map[string]uint32{"none": 0, "zlib": gomysql.CLIENT_COMPRESS, "zstd": gomysql.CLIENT_ZSTD_COMPRESSION_ALGORITHM} {
			t.Run("client "+name, func(t *testing.T) {
				c, err := client.Connect(m.addr(), "app", "app", "app", func(c *client.Conn) error {
					for _, f := range []uint32{gomysql.CLIENT_MULTI_STATEMENTS, gomysql.CLIENT_MULTI_RESULTS, flag} {
						if f != 0 {
							if err := c.SetCapability(f); err != nil {
								return err
							}
						}
					}
					return c.SetCollation("utf8mb4_general_ci")
				})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				strict(t, c)
			})
		}
	})
}

func strict(t *testing.T, c *client.Conn) {
	t.Helper()
	for range 2 {
		r, err := c.Execute(rowsOf20MB)
		if err != nil || r.RowNumber() != 1000 {
			t.Fatal(err)
		}
		last, _ := r.GetString(999, 1)
		if want := strings.Repeat("a9b7ba70783b617e9998dc4dd82eb3c5", 640); last != want {
			t.Errorf("the last row is %.50s", last)
		}
		long := strings.Repeat("0123456789", 1_000_000)
		if r, err = c.Execute("SELECT LENGTH('" + long + "')"); err != nil {
			t.Fatal(err)
		} else if n, _ := r.GetInt(0, 0); n != int64(len(long)) {
			t.Errorf("a statement of %d bytes arrived with %d", len(long), n)
		}
		if r, err = c.Execute("SELECT ?, LENGTH(?)", 42, long); err != nil {
			t.Fatal(err)
		} else if n, _ := r.GetInt(0, 1); n != int64(len(long)) {
			t.Errorf("a parameter of %d bytes arrived with %d", len(long), n)
		}
		results := 0
		_, err = c.ExecuteMultiple("SELECT 1; SELECT REPEAT('x', 500000); SELECT 2, 3; SELECT REPEAT('y', 200)", func(r *gomysql.Result, err error) {
			if err != nil {
				t.Error(err)
			} else if r.HasResultset() {
				results++
			}
		})
		if err != nil || results != 4 {
			t.Errorf("%d results of 4, %v", results, err)
		}
		if err := c.Ping(); err != nil {
			t.Fatal(err)
		}
	}
}
