package main

import (
	"crypto/tls"
	"maps"

	"github.com/pingcap/tidb/pkg/parser/auth"
	"github.com/pingcap/tidb/pkg/server"
	"github.com/pingcap/tidb/pkg/session/txninfo"
	"github.com/pingcap/tidb/pkg/util"
)

// everyone shows the sessions of all front ends to the one domain below them.
// With a single front end's sessions there, schema changes would not wait for
// transactions of the others, and max_execution_time would not reach them.
// Internal sessions stay with the first front end, which outlives its drain as
// an object.
type everyone struct {
	*server.Server
	pool *pool
}

// ShowProcessList gives the running statements of all front ends by connection id.
func (e everyone) ShowProcessList() map[uint64]*util.ProcessInfo {
	all := make(map[uint64]*util.ProcessInfo)
	for _, s := range e.pool.running() {
		maps.Copy(all, s.ShowProcessList())
	}
	return all
}

// ShowTxnList gives the open transactions of all front ends.
func (e everyone) ShowTxnList() []*txninfo.TxnInfo {
	var all []*txninfo.TxnInfo
	for _, s := range e.pool.running() {
		all = append(all, s.ShowTxnList()...)
	}
	return all
}

// GetProcessInfo finds a connection on whichever front end holds it.
func (e everyone) GetProcessInfo(id uint64) (*util.ProcessInfo, bool) {
	for _, s := range e.pool.running() {
		if info, ok := s.GetProcessInfo(id); ok {
			return info, true
		}
	}
	return &util.ProcessInfo{}, false
}

// Kill ends a statement or a connection on whichever front end holds it.
func (e everyone) Kill(id uint64, query, maxExecutionTime, runaway bool) {
	for _, s := range e.pool.running() {
		if _, ok := s.GetProcessInfo(id); ok {
			s.Kill(id, query, maxExecutionTime, runaway)
			return
		}
	}
}

// KillAllConnections cuts every client of every front end.
func (e everyone) KillAllConnections() {
	for _, s := range e.pool.running() {
		s.KillAllConnections()
	}
}

// UpdateTLSConfig gives all front ends new certificates.
func (e everyone) UpdateTLSConfig(c *tls.Config) {
	for _, s := range e.pool.running() {
		s.UpdateTLSConfig(c)
	}
}

// CheckOldRunningTxn removes from the jobs those that a transaction of any front
// end still holds up.
func (e everyone) CheckOldRunningTxn(versions map[int64]int64, ids map[int64]string) {
	for _, s := range e.pool.running() {
		s.CheckOldRunningTxn(versions, ids)
	}
}

// KillNonFlashbackClusterConn cuts the clients that a flashback must not meet.
func (e everyone) KillNonFlashbackClusterConn() {
	for _, s := range e.pool.running() {
		s.KillNonFlashbackClusterConn()
	}
}

// GetConAttrs gives the connection attributes of all clients of a user.
func (e everyone) GetConAttrs(user *auth.UserIdentity) map[uint64]map[string]string {
	all := make(map[uint64]map[string]string)
	for _, s := range e.pool.running() {
		maps.Copy(all, s.GetConAttrs(user))
	}
	return all
}
