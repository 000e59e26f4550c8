package main

import (
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/filter-sdk/dbmeshtest"
)

func TestTokensComeBackWithTime(t *testing.T) {
	p := dbmeshtest.New(t, dbmeshtest.Config(map[string]any{"statements": 2, "per": "10s"}))
	s, other := p.Session(), p.Session(dbmeshtest.User("other"))
	s.Query("SELECT 1").WantPass()
	s.Query("SELECT 1").WantPass()
	s.Query("SELECT 1").WantDeny(1226)
	s.Query("COMMIT").WantPass()
	other.Query("SELECT 1").WantPass()
	if n := p.Metric("refused"); n != 1 {
		t.Errorf("the metric says %v", n)
	}
	p.Advance(10 * time.Second)
	s.Query("SELECT 1").WantPass()
}

func TestAWrongConfigIsRefused(t *testing.T) {
	if got := dbmeshtest.ConfigError(t, map[string]any{"statements": 0}); got == "" {
		t.Error("no statements at all are accepted")
	}
}
