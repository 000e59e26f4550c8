package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/proxy"
)

type metrics struct{ registry *prometheus.Registry }

func newMetrics() *metrics { return &metrics{prometheus.NewRegistry()} }

func (m *metrics) link(chain, link, kind string) core.Observer { return noReport{} }
func (m *metrics) backends() backend.Reporter                  { return nil }
func (m *metrics) proxy() proxy.Reporter                       { return noReport{} }
func (m *metrics) reloaded(hash string, err error)             {}

type noReport struct{}

func (noReport) Observe(core.Decision, time.Duration)                 {}
func (noReport) Session(string, int)                                  {}
func (noReport) Login(string, string)                                 {}
func (noReport) Commands(string, string) proxy.CommandReporter        { return noReport{} }
func (noReport) Refused(string, core.Side)                            {}
func (noReport) Add(core.Code, time.Duration, uint64, uint64, uint64) {}

type adminServer struct{ quit chan struct{} }

func (a *app) startAdmin() (*adminServer, error) { return &adminServer{make(chan struct{})}, nil }

func (s *adminServer) Quit() <-chan struct{} { return s.quit }
func (s *adminServer) Close()                {}
