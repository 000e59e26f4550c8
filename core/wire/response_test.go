package wire

import (
	"slices"
	"strings"
	"testing"
)

// Codes of commands whose responses differ.
const (
	comInitDB, comQuery, comFieldList, comStatistics = 0x02, 0x03, 0x04, 0x09
	comProcessInfo, comDebug, comPing                = 0x0a, 0x0d, 0x0e
	comPrepare, comExecute, comReset, comSetOption   = 0x16, 0x17, 0x1a, 0x1b
	comFetch, comResetConnection, comBulk            = 0x1c, 0x1f, 0xfa
)

const (
	def    = "\x03def\x00\x00\x00\x01a\x00\x0c\x21\x00\x01\x00\x00\x00\xfd\x00\x00\x1f\x00\x00"
	trackd = SessionTrack
)

// rowsEnd is the packet behind the last row.
func rowsEnd(caps Caps, status uint16) string {
	if caps.Has(DeprecateEOF) {
		return okPacket(HeaderEOF, 0, 0, status)
	}
	return eofPacket(status)
}

// defsEnd is the packet behind definitions, if there is one.
func defsEnd(caps Caps, status uint16) []string {
	if caps.Has(DeprecateEOF) {
		return nil
	}
	return []string{eofPacket(status)}
}

// resultset is two definitions, their end, the rows and the end with a status.
func resultset(caps Caps, status uint16, rows ...string) []string {
	p := append([]string{"\x02", def, def}, defsEnd(caps, status)...)
	return append(append(p, rows...), rowsEnd(caps, status))
}

type answer struct {
	name    string
	code    byte
	packets []string
	want    seen
}

// answers has one for each row of the protocol's table of commands, for one EOF mode.
func answers(caps Caps) []answer {
	row := "\x01x\xfb"
	end, more := rowsEnd(caps, 2), StatusMoreResults|2
	fields := []string{def + "\xfb", def + "\xfb", end}
	prepared := func(cols, params byte) string {
		return "\x00\x07\x00\x00\x00" + string([]byte{cols, 0, params, 0, 0}) + u16(1)
	}
	prep := seen{Prepared: true, StatementID: 7, Warnings: 1}
	prepEOF := prep
	if !caps.Has(DeprecateEOF) {
		prepEOF.Status = 2
	}
	ok := okPacket(0, 3, 9, 2)
	done := seen{Status: 2, Warnings: 1}
	changed := seen{Status: 2, Warnings: 1, Affected: 3, InsertID: 9}
	rows := func(n uint64, s seen) seen { s.Rows = n; return s }
	failed := func(s seen) seen { s.Err = Err{1064, "42000", "no"}; return s }
	bad := errPacket(1064, "no")
	return []answer{
		{"OK", comQuery, []string{ok}, changed},
		{"ERR", comQuery, []string{bad}, failed(seen{})},
		{"rows", comQuery, resultset(caps, 2, row, row, "\x00\x00"), rows(3, done)},
		{"no rows", comQuery, resultset(caps, 2), done},
		{"rows of NULL", comQuery, resultset(caps, 2, "\xfb\xfb", "\xfb\xfb"), rows(2, done)},
		{"rows with long first columns", comQuery, resultset(caps, 2, "\xfc\xfb\x00"+strings.Repeat("\xfe", 251)+"\xfb", "\xfd\x00\x01\x00"+strings.Repeat("\xff", 256)+"\x00"), rows(2, done)},
		{"ERR behind rows", comQuery, append(append([]string{"\x02", def, def}, defsEnd(caps, 2)...), row, bad), func() seen {
			s := rows(1, failed(seen{}))
			if !caps.Has(DeprecateEOF) {
				s.Status, s.Warnings = 2, 1
			}
			return s
		}()},
		{"several results", comQuery, slices.Concat(resultset(caps, more, row), []string{okPacket(0, 5, 7, more), okPacket(0, 4, 8, more)}, resultset(caps, 2, row, row)), rows(3, seen{Status: 2, Warnings: 1, Affected: 4, InsertID: 8})},
		{"several results that end in ERR", comQuery, []string{okPacket(0, 5, 0, more), bad}, failed(seen{Affected: 5, Status: more, Warnings: 1})},
		{"CALL", comQuery, append(resultset(caps, more, row), okPacket(0, 0, 0, 2)), rows(1, done)},
		{"LOCAL INFILE", comQuery, []string{"\xfb/tmp/x", ok}, func() seen { s := changed; s.infiles = []int{4 + 7}; return s }()},
		{"LOCAL INFILE refused", comQuery, []string{"\xfb/tmp/x", bad}, func() seen { s := failed(seen{}); s.infiles = []int{4 + 7}; return s }()},
		{"LOCAL INFILE, then more", comQuery, slices.Concat([]string{"\xfbx", okPacket(0, 3, 0, more), "\xfby", okPacket(0, 3, 9, more)}, resultset(caps, 2, row)), func() seen {
			s := rows(1, seen{Status: 2, Warnings: 1, Affected: 3, InsertID: 9})
			s.infiles = []int{6, 6 + 11 + 6}
			return s
		}()},
		{"process info", comProcessInfo, resultset(caps, 2, row), rows(1, done)},
		{"execute, rows", comExecute, resultset(caps, 2, "\x00\x00\x01x", "\x00\x04\x01x"), rows(2, done)},
		{"execute, OK", comExecute, []string{ok}, changed},
		{"execute, cursor", comExecute, []string{"\x02", def, def, rowsEnd(caps, StatusCursor|2)}, seen{Status: StatusCursor | 2, Warnings: 1}},
		{"bulk execute", comBulk, []string{ok}, changed},
		{"bulk execute that returns rows", comBulk, resultset(caps, 2, "\x00\x00\x01x"), rows(1, done)},
		{"fetch", comFetch, []string{"\x00\x00\x01x", "\x00\x00\x01y", rowsEnd(caps, StatusCursor|2)}, seen{Rows: 2, Status: StatusCursor | 2, Warnings: 1}},
		{"last fetch", comFetch, []string{rowsEnd(caps, StatusLastRow|2)}, seen{Status: StatusLastRow | 2, Warnings: 1}},
		{"fetch from nothing", comFetch, []string{bad}, failed(seen{})},
		{"prepare", comPrepare, []string{prepared(0, 0)}, prep},
		{"prepare with parameters", comPrepare, append([]string{prepared(0, 2), def, def}, defsEnd(caps, 2)...), prepEOF},
		{"prepare with columns", comPrepare, append([]string{prepared(2, 0), def, def}, defsEnd(caps, 2)...), prepEOF},
		{"prepare with both", comPrepare, slices.Concat([]string{prepared(1, 2), def, def}, defsEnd(caps, 2), []string{def}, defsEnd(caps, 2)), prepEOF},
		{"prepare without warnings", comPrepare, []string{prepared(0, 0)[:10]}, seen{Prepared: true, StatementID: 7}},
		{"prepare, ERR", comPrepare, []string{bad}, failed(seen{})},
		{"definitions that look like ends", comPrepare, slices.Concat([]string{prepared(1, 2), bad, eofPacket(2)}, defsEnd(caps, 2), []string{"\xfe"}, defsEnd(caps, 2)), prepEOF},
		{"columns that look like ends", comQuery, slices.Concat([]string{"\x02", bad, eofPacket(2)}, defsEnd(caps, 2), []string{rowsEnd(caps, 2)}), done},
		{"field list", comFieldList, fields, done},
		{"field list says more results", comFieldList, []string{def + "\xfb", rowsEnd(caps, more)}, seen{Status: more, Warnings: 1}},
		{"field list of nothing", comFieldList, []string{bad}, failed(seen{})},
		{"statistics", comStatistics, []string{"Uptime: 7  Threads: 1"}, seen{}},
		{"statistics that look like an end", comStatistics, []string{"\xfe\x00\x00\x02\x00"}, seen{}},
		{"empty statistics", comStatistics, []string{""}, seen{}},
		{"set option", comSetOption, []string{end}, done},
		{"set option with a classic EOF", comSetOption, []string{eofPacket(2)}, done},
		{"set option with an OK", comSetOption, []string{okPacket(0, 0, 0, 2)}, done},
		{"debug", comDebug, []string{end}, done},
		{"ping", comPing, []string{okPacket(0, 0, 0, 2)}, done},
		{"init db", comInitDB, []string{bad}, failed(seen{})},
		{"reset connection", comResetConnection, []string{okPacket(0, 0, 0, 2)}, done},
		{"reset statement", comReset, []string{okPacket(0, 0, 0, 2)}, done},
		{"ping says more results", comPing, []string{okPacket(0, 0, 0, more)}, seen{Status: more, Warnings: 1}},
		{"unknown command", 0x7f, []string{bad}, failed(seen{})},
	}
}

func TestResponseFindsTheEndOfEveryAnswer(t *testing.T) {
	for mode, caps := range map[string]Caps{
		"classic": Protocol41, "without EOF": Protocol41 | DeprecateEOF,
		"classic, everything else": Relayable &^ DeprecateEOF, "everything": Relayable,
	} {
		for _, a := range answers(caps) {
			b := packets(1, a.packets...)
			a.want.consumed, a.want.event, a.want.Started = len(b), Done, true
			if got := splitsAgree(t, mode+", "+a.name, a.code, caps, b); !got.equal(a.want) {
				t.Errorf("%s, %s: saw %+v, want %+v", mode, a.name, got, a.want)
			}
		}
	}
}

func TestResponseSkipsProgressReports(t *testing.T) {
	report := "\xff\xff\xff\x01\x01\x02\x10\x27\x00\x07copying"
	for _, caps := range []Caps{Progress, Progress | DeprecateEOF} {
		for name, answer := range map[string][]string{"OK": {okPacket(0, 1, 0, 2)}, "rows": resultset(caps, 2, "\x01x\x01y")} {
			b := packets(1, append([]string{report, report}, answer...)...)
			if got := splitsAgree(t, name, comQuery, caps, b); got.consumed != len(b) || got.event != Done || got.Err.Code != 0 {
				t.Errorf("%s: saw %+v", name, got)
			}
		}
	}
	b := packets(1, report)
	if got := follow(comQuery, DeprecateEOF, b); got.event != Done || got.Err.Code != 0xffff {
		t.Errorf("a report that was not agreed: %+v", got)
	}
}

func TestResponseKnowsWhenDefinitionsAreLeftOut(t *testing.T) {
	for _, caps := range []Caps{CacheMetadata, CacheMetadata | DeprecateEOF} {
		end := append(defsEnd(caps, 2), "\x00\x00\x01x", rowsEnd(caps, 2))
		for name, p := range map[string][]string{
			"left out": append([]string{"\x01\x00"}, end...),
			"sent":     append([]string{"\x01\x01", def}, end...),
			"no byte":  append([]string{"\x01", def}, end...),
		} {
			b := packets(1, p...)
			if got := splitsAgree(t, name, comExecute, caps, b); got.consumed != len(b) || got.event != Done || got.Rows != 1 || got.Broken {
				t.Errorf("%s: saw %+v", name, got)
			}
			if got := follow(comExecute, caps&^CacheMetadata, b); name == "left out" && got.event == Done && got.Rows == 1 && !got.Broken {
				t.Errorf("definitions were left out without the capability: %+v", got)
			}
		}
	}
}

func TestOnlyAnExecuteOpensACursor(t *testing.T) {
	b := packets(1, resultset(0, StatusCursor|2, "\x01x\x01y")...)
	if got := follow(comQuery, 0, b); got.consumed != len(b) || got.Rows != 1 {
		t.Errorf("saw %+v", got)
	}
}

func TestAClassicEOFIsShorterThanNineBytes(t *testing.T) {
	b := packets(1, resultset(0, 2, "\xfe\x01\x00\x00\x00\x00\x00\x00\x00")...)
	if got := splitsAgree(t, "row", comQuery, 0, b); got.consumed != len(b) || got.Rows != 1 || got.Broken {
		t.Errorf("saw %+v", got)
	}
}

func TestResponseTellsChangesOfState(t *testing.T) {
	block := "\x00\x0f\x0aautocommit\x03OFF\x01\x03\x02db"
	changes := []Change{{TrackVariable, "autocommit", "OFF"}, {TrackSchema, "", "db"}}
	with := func(header byte, status uint16) string {
		return okPacket(header, 0, 0, status|StatusTrack) + "\x00" + string(appendBlock(nil, []byte(block)))
	}
	caps := trackd | DeprecateEOF
	for name, c := range map[string]struct {
		code byte
		p    []string
		want []Change
	}{
		"OK":         {comQuery, []string{with(0, 2)}, changes},
		"ping":       {comPing, []string{with(0, 2)}, changes},
		"rows":       {comQuery, append([]string{"\x01", def, "\x01x"}, with(HeaderEOF, 2)), changes},
		"set option": {comSetOption, []string{with(HeaderEOF, 2)}, changes},
		"two":        {comQuery, []string{with(0, StatusMoreResults), with(0, 2)}, append(changes[:2:2], changes...)},
		"none":       {comQuery, []string{okPacket(0, 0, 0, 2) + "\x03abc"}, nil},
		"no block":   {comQuery, []string{okPacket(0, 0, 0, StatusTrack)}, nil},
		"cut short":  {comQuery, []string{with(0, 2)[:20]}, []Change{{TrackState, "", "1"}}},
		"malformed":  {comQuery, []string{okPacket(0, 0, 0, StatusTrack) + "\x00\x04\x01\x03\x02d"}, []Change{{TrackState, "", "1"}}},
		"too long": {comQuery, []string{okPacket(0, 0, 0, StatusTrack) + "\x00" + string(appendBlock(nil, append([]byte("\x01\xfd\x90\x13\x00\xfc\x88\x13"), make([]byte, 5005)...)))},
			[]Change{{TrackState, "", "1"}}},
	} {
		b := packets(1, c.p...)
		got := follow(c.code, caps, bytewise(b)...)
		if got.event != Done || got.consumed != len(b) || got.Broken || !slices.Equal(got.changes, c.want) {
			t.Errorf("%s: saw %+v, want %v", name, got, c.want)
		}
		if got := follow(c.code, caps&^SessionTrack, b); len(got.changes) > 0 {
			t.Errorf("%s: changes were told without the capability", name)
		}
	}
}

func TestResponseRefusesWhatIsOutOfStep(t *testing.T) {
	for name, c := range map[string]struct {
		code byte
		caps Caps
		p    []string
	}{
		"an empty first packet":              {comQuery, 0, []string{""}},
		"an OK cut short":                    {comQuery, 0, []string{"\x00\x00\x00\x02"}},
		"no columns":                         {comQuery, 0, []string{"\xfc\x00\x00"}},
		"a count cut short":                  {comQuery, 0, []string{"\xfc\x00"}},
		"too many columns":                   {comQuery, 0, []string{"\xfd\x01\x00\x01"}},
		"an EOF first":                       {comQuery, 0, []string{eofPacket(2)}},
		"an ERR without a code":              {comQuery, 0, []string{"\xff"}},
		"a row for the definitions' end":     {comQuery, 0, []string{"\x01", def, "\x01x"}},
		"an OK for the definitions' end":     {comQuery, 0, []string{"\x01", def, okPacket(0, 0, 0, 2)}},
		"a long EOF":                         {comQuery, 0, []string{"\x01", def, eofPacket(2) + "x"}},
		"a short EOF":                        {comQuery, 0, []string{"\x01", def, eofPacket(2), "\xfe"}},
		"a short end":                        {comQuery, DeprecateEOF, []string{"\x01", def, "\xfe\x00\x00\x02"}},
		"an end whose numbers are too long":  {comQuery, DeprecateEOF, []string{"\x01", def, "\xfe\xfe\x00\x00\x02\x00\x00\x00"}},
		"a prepare without OK":               {comPrepare, 0, []string{"\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"}},
		"a prepare cut short":                {comPrepare, 0, []string{"\x00\x01\x00\x00\x00\x00\x00\x00\x00"}},
		"a prepare's parameters without end": {comPrepare, 0, []string{"\x00\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00", def, def}},
		"a prepare's columns without end":    {comPrepare, 0, []string{"\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00", def, def}},
		"a row for a status":                 {comPing, 0, []string{"\x01x"}},
		"an empty status":                    {comPing, 0, []string{""}},
	} {
		b := packets(1, c.p...)
		got := splitsAgree(t, name, c.code, c.caps, b)
		if !got.Broken || got.event != Done || got.Err.Code == 0 || got.consumed != len(b) {
			t.Errorf("%s: saw %+v", name, got)
		}
	}
}

func TestSomeCommandsHaveNoResponse(t *testing.T) {
	for code := range 256 {
		silent := code == 0x01 || code == 0x18 || code == 0x19
		if HasResponse(byte(code)) == silent {
			t.Errorf("command %#x", code)
		}
	}
}

func TestBeginForgetsTheLastResponse(t *testing.T) {
	var r Response
	r.Begin(comQuery, DeprecateEOF)
	r.Feed(packets(1, resultset(DeprecateEOF, 2, "\x01x\x01y")...))
	r.Begin(comPrepare, 0)
	if r.Rows != 0 || r.Status != 0 || r.Started || r.Ended() {
		t.Errorf("left over: %+v", r)
	}
}

func TestFollowingResponsesAllocatesNothing(t *testing.T) {
	for _, caps := range []Caps{Protocol41, Relayable} {
		for _, a := range answers(caps) {
			if a.want.Err.Code != 0 {
				continue // what went wrong is told in words
			}
			b := packets(1, a.packets...)
			var r Response
			if n := testing.AllocsPerRun(10, func() {
				r.Begin(a.code, caps)
				for at := 0; ; {
					n, ev := r.Feed(b[at:])
					if at += n; ev != Infile {
						break
					}
					r.Resume()
				}
			}); n != 0 || !r.Ended() {
				t.Errorf("%s: %v allocations, ended %t", a.name, n, r.Ended())
			}
		}
	}
}
