package servers

import (
	"context"
	"fmt"
	"testing"
)

// The authentication plugins that accounts can be made with. MariaDB has no
// CachingSHA2, TiDB no Ed25519.
const (
	Native      = "mysql_native_password"
	CachingSHA2 = "caching_sha2_password"
	Ed25519     = "ed25519"
)

// Account is a login from any host.
type Account struct {
	Name     string
	Password string
	Plugin   string // Native if empty
	Require  string // what REQUIRE is given: SSL, X509, or empty for nothing
	Grant    string // what GRANT is given; all on the schema app if empty
}

// Create makes the account, in place of one with the same name. On a replicated
// primary the replicas get it a moment later.
func (b *Backend) Create(t testing.TB, a Account) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), statementWait)
	defer cancel()
	if err := b.create(ctx, a); err != nil {
		t.Fatal(err)
	}
}

func (b *Backend) create(ctx context.Context, a Account) error {
	if a.Plugin == "" {
		a.Plugin = Native
	}
	if a.Grant == "" {
		a.Grant = "ALL ON " + Schema + ".*"
	}
	identified := "IDENTIFIED WITH '" + a.Plugin + "' BY ?"
	if b.Flavour == FlavourMariaDB {
		identified = "IDENTIFIED VIA " + a.Plugin + " USING PASSWORD(?)"
	}
	if a.Require != "" {
		identified += " REQUIRE " + a.Require
	}
	_, err := b.Query(ctx, "DROP USER IF EXISTS ?@'%'; CREATE USER ?@'%' "+identified+"; GRANT "+a.Grant+" TO ?@'%'",
		a.Name, a.Name, a.Password, a.Name)
	if err != nil {
		return fmt.Errorf("make account %s: %w", a.Name, err)
	}
	return nil
}

// populate makes what every backend has from the start.
func (b *Backend) populate(ctx context.Context) error {
	if _, err := b.Query(ctx, "CREATE DATABASE IF NOT EXISTS "+Schema); err != nil {
		return fmt.Errorf("make the schema: %w", err)
	}
	return b.create(ctx, Account{Name: AppUser, Password: AppPassword})
}
