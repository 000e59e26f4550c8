package judge

import (
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

func TestMutantsThatAreCalledReadSafeChangeNothingOnMariaDB(t *testing.T) {
	c := replica(t)
	all := mutants(trials(corpus(t)), c.version, scale(4, 40, 400))
	ran, harmful := c.confirm(t, stmt.Analyze, all)
	complain(t, harmful)
	t.Logf("%d mutants, %d called read-safe, %d of them ran without an error", len(all), len(ran), understood(ran))
	if understood(ran) < len(all)/50 {
		t.Error("too few mutants ran for a judgement")
	}
}

func TestMutantsThatAreCalledReadSafeChangeNothingOnTiDB(t *testing.T) {
	c := tidbReplica(t)
	all := mutants(trials(corpus(t)), c.version, scale(4, 10, 100))
	ran, harmful := c.confirm(t, stmt.Analyze, all)
	complain(t, harmful)
	t.Logf("%d mutants, %d called read-safe, %d of them ran without an error", len(all), len(ran), understood(ran))
}

func TestOnlyWhatIsUnderstoodIsReadSafe(t *testing.T) {
	versions := []string{"10.11.19-MariaDB", "8.0.36", "8.0.11-TiDB-v8.5.0", ""}
	texts := trials(corpus(t))
	seen := 0
	for _, version := range versions {
		for _, one := range append(mutants(texts, version, scale(10, 50, 500)), texts...) {
			f := stmt.Analyze(one.mode(version), []byte(one.text))
			for _, f := range append(f.Statements(), f) {
				if f.Opaque {
					seen++
				}
				if !f.ReadSafe {
					continue
				}
				if f.Opaque || f.Kind == core.StatementUnknown || f.Access == core.AccessUnknown || f.Locking || f.Into != core.IntoClient {
					t.Errorf("read-safe though it is %s, %s, opaque %t, locking %t, for version %q: %s",
						f.Kind, f.Access, f.Opaque, f.Locking, version, one)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no text was opaque")
	}
}
