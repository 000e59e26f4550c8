package main

import (
	"io"
	"strings"
	"testing"
)

func TestSummaryCountsAndNamesWhatWasLeftOut(t *testing.T) {
	out, ok := summary(t, `
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: no server here\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:9: no server here\n"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"pass","Package":"p","Elapsed":1.5}`, "race tests: no C compiler")
	if !ok {
		t.Error("not well")
	}
	has(t, out, "ok   p", "3 tests", "(2 left out)", "left out: race tests: no C compiler\n", "left out: 2 tests: no server here\n")
	if !strings.HasSuffix(out, "\n1 passed, 0 failed, 2 skipped\n") || strings.Contains(out, "chatter") {
		t.Error(out)
	}
}

func TestSummaryShowsWhatAFailedTestPrinted(t *testing.T) {
	out, ok := summary(t, `
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: got 1\n"}
{"Action":"fail","Package":"p","Test":"TestB"}
{"Action":"fail","Package":"p"}`)
	if ok {
		t.Error("well")
	}
	has(t, out, "FAIL p TestB\n", "got 1", "failed: p TestB\n", "1 passed, 1 failed, 0 skipped\n")
}

func TestFailedTestsAreNamedToBeRunAgain(t *testing.T) {
	const failed = `
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p","Test":"TestB/one"}
{"Action":"fail","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"fail","Package":"p"}
{"Action":"fail","Package":"q","Test":"TestC"}
{"Action":"output","Package":"q","Output":"FAIL\n"}
{"Action":"fail","Package":"q"}`
	const panicked = `
{"Action":"fail","Package":"r","Test":"TestD"}
{"Action":"output","Package":"r","Output":"FAIL\tr\t0.1s\n"}
{"Action":"fail","Package":"r"}`
	for events, want := range map[string]string{
		failed: "p TestB\nq TestC\n",
		failed + "\n" + `{"Action":"fail","Package":"r"}`: "",
		failed + panicked: "",
		`{"Action":"pass","Package":"p","Test":"TestA"}`: "",
	} {
		r, _ := summarize(strings.NewReader(strings.TrimSpace(events)), io.Discard, nil)
		if got := r.again(); got != want {
			t.Errorf("%q, want %q, of %s", got, want, events)
		}
	}
}

func TestSummaryFailsForAPackageThatDoesNotBuildOrPanics(t *testing.T) {
	out, ok := summary(t, `
{"Action":"build-output","ImportPath":"p [p.test]","Output":"undefined: x\n"}
{"Action":"build-fail","ImportPath":"p [p.test]"}
{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}
{"Action":"pass","Package":"q","Test":"TestA"}
{"Action":"output","Package":"q","Test":"TestB","Output":"panic: no\n"}
{"Action":"fail","Package":"q"}`)
	if ok {
		t.Error("well")
	}
	has(t, out, "undefined: x", "panic: no", "1 passed, 2 failed, 0 skipped\n")
}

func TestARunWithoutTestsFails(t *testing.T) {
	if out, ok := summary(t, `{"Action":"skip","Package":"p"}`); ok {
		t.Error(out)
	}
}

func TestLinesOutsideOfTestsAreShown(t *testing.T) {
	out, _ := summary(t, "go: no such package")
	has(t, out, "go: no such package\n")
}

func summary(t *testing.T, events string, notes ...string) (string, bool) {
	t.Helper()
	var out strings.Builder
	_, ok := summarize(strings.NewReader(strings.TrimSpace(events)), &out, notes)
	return out.String(), ok
}

func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("no %q in:\n%s", p, text)
		}
	}
}
