package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pingcap/tidb/pkg/config"
	"github.com/pingcap/tidb/pkg/ddl"
	"github.com/pingcap/tidb/pkg/domain"
	"github.com/pingcap/tidb/pkg/executor"
	"github.com/pingcap/tidb/pkg/kv"
	"github.com/pingcap/tidb/pkg/metrics"
	"github.com/pingcap/tidb/pkg/session"
	"github.com/pingcap/tidb/pkg/sessionctx/variable"
	"github.com/pingcap/tidb/pkg/store/mockstore"
	"github.com/pingcap/tidb/pkg/util/logutil"
)

// lease is how long a schema stays valid without news; the shortest that does
// not make a loaded machine refuse statements. It also paces waiting DDL.
const lease = 500 * time.Millisecond

// open bootstraps the store and starts all front ends.
func open(o options) (*pool, error) {
	if err := prepare(o.dir); err != nil {
		return nil, err
	}
	metrics.InitMetrics()
	metrics.RegisterMetrics()
	config.UpdateGlobal(func(c *config.Config) { settings(c, o) })
	cfg := config.GetGlobalConfig()
	if err := logutil.InitLogger(cfg.Log.ToLogConfig()); err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	// The limit on one row stays at 6 MiB: unistore panics on one over 8 MiB.
	kv.TxnTotalSizeLimit.Store(config.SuperLargeTxnSize)
	variable.SetSysVar(variable.DataDir, o.dir)
	executor.Start()
	store, dom, err := bootstrap(cfg.Path)
	if err != nil {
		return nil, err
	}
	return newPool(store, dom, o)
}

// prepare makes the directory and points TMPDIR into it: a store without a path
// lives below TMPDIR, and two pools must not meet there.
func prepare(dir string) error {
	tmp := filepath.Join(dir, "tmp")
	if err := os.MkdirAll(tmp, 0o750); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	return os.Setenv("TMPDIR", tmp)
}

func settings(c *config.Config, o options) {
	c.Store = config.StoreTypeUniStore
	c.Path = ""
	if o.keep {
		c.Path = filepath.Join(o.dir, "data")
	}
	c.Host = "127.0.0.1"
	c.Socket = ""
	c.Status.StatusHost = "127.0.0.1"
	c.Status.ReportStatus = true
	c.TempDir = filepath.Join(o.dir, "tmp")
	c.TempStoragePath = filepath.Join(o.dir, "tmp")
	c.Log.Level = o.logLevel
	c.Log.File.Filename = filepath.Join(o.dir, "tidb.log")
	c.Log.SlowQueryFile = filepath.Join(o.dir, "slow.log")
	c.ProxyProtocol.Networks = o.proxyNets
	c.ProxyProtocol.Fallbackable = true
	c.Security.AutoTLS = false
	c.Security.SSLCert, c.Security.SSLKey, c.Security.SSLCA = o.cert, o.key, o.authority
	// Session tokens are signed with the same pair, so that a session can move
	// from one front end to another.
	c.Security.SessionTokenSigningCert, c.Security.SessionTokenSigningKey = o.cert, o.key
}

func bootstrap(path string) (kv.Storage, *domain.Domain, error) {
	store, err := mockstore.NewMockStore(mockstore.WithStoreType(mockstore.EmbedUnistore), mockstore.WithPath(path))
	if err != nil {
		return nil, nil, fmt.Errorf("open the store: %w", err)
	}
	session.SetSchemaLease(lease)
	if err := ddl.StartOwnerManager(context.Background(), store); err != nil {
		return nil, nil, fmt.Errorf("elect the schema owner: %w", err)
	}
	dom, err := session.BootstrapSession(store)
	if err != nil {
		return nil, nil, fmt.Errorf("bootstrap the store: %w", err)
	}
	return store, dom, nil
}
