package router

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// statement is what a rule wants of a statement; a nil list leaves its fact open.
type statement struct {
	kinds    []core.StatementKind
	tables   []table
	digests  map[string]bool
	readSafe *bool
}

// table is a pattern for tables. Without a schema the name alone counts.
type table struct {
	schema *pattern
	name   pattern
}

// statement reads the conditions about the statement, nil if there are none.
func (w when) statement() (*statement, error) {
	if w.Kind == nil && w.Tables == nil && w.Digest == nil && w.ReadSafe == nil {
		return nil, nil
	}
	s := &statement{readSafe: w.ReadSafe}
	if w.Digest != nil {
		s.digests = make(map[string]bool, len(w.Digest))
	}
	for _, f := range []struct {
		key    string
		values []string
		add    func(string) error
	}{
		{"kind", w.Kind, s.addKind}, {"tables", w.Tables, s.addTable}, {"digest", w.Digest, s.addDigest},
	} {
		if f.values != nil && len(f.values) == 0 {
			return nil, fmt.Errorf("when.%s: is empty, so that no statement would match", f.key)
		}
		for i, v := range f.values {
			if err := f.add(v); err != nil {
				return nil, fmt.Errorf("when.%s[%d]: %w", f.key, i, err)
			}
		}
	}
	return s, nil
}

func (s *statement) addKind(name string) error {
	k, err := core.ParseStatementKind(name)
	switch {
	case err != nil:
		return err
	case k == core.StatementMulti:
		return errors.New("multi matches nothing: of several statements in one text each is asked for its own kind")
	case k == core.StatementUnknown:
		return errors.New("unknown matches nothing: a statement that is not understood stays in its session's pool")
	}
	s.kinds = append(s.kinds, k)
	return nil
}

func (s *statement) addTable(text string) error {
	parts := strings.Split(text, ".")
	if len(parts) > 2 || slices.Contains(parts, "") {
		return fmt.Errorf("%q is no table, want name or schema.name", text)
	}
	var t table
	for i, part := range parts {
		p, err := newPattern(part)
		if err != nil {
			return err
		}
		p = p.anyCase()
		if i < len(parts)-1 {
			t.schema = &p
		} else {
			t.name = p
		}
	}
	s.tables = append(s.tables, t)
	return nil
}

func (s *statement) addDigest(text string) error {
	if b, err := hex.DecodeString(text); err != nil || len(b) != 32 {
		return fmt.Errorf("%q is no digest, want 64 hex digits as TiDB gives them", text)
	}
	s.digests[strings.ToLower(text)] = true
	return nil
}

// matches says whether the text is understood and all its statements, run by a session
// with that default schema, are what the rule wants. By the first alone the others would
// be smuggled to its pool.
func (s *statement) matches(f *core.Facts, schema string, safe safety) bool {
	if f.Kind != core.StatementMulti {
		return s.matchesOne(f, schema, safe)
	}
	for _, part := range f.Parts {
		if !s.matchesOne(part, schema, safe) {
			return false
		}
	}
	return !f.Opaque && len(f.Parts) > 0
}

func (s *statement) matchesOne(f *core.Facts, schema string, safe safety) bool {
	return !f.Opaque &&
		(s.readSafe == nil || *s.readSafe == safe(f)) &&
		(s.kinds == nil || slices.Contains(s.kinds, f.Kind)) &&
		(s.digests == nil || s.digests[f.Digest]) &&
		(s.tables == nil || s.names(f.Tables, schema))
}

// names says whether one of the tables is one that the rule is about.
func (s *statement) names(tables []core.Table, schema string) bool {
	for i := range tables {
		for j := range s.tables {
			if s.tables[j].matches(&tables[i], schema) {
				return true
			}
		}
	}
	return false
}

func (t *table) matches(named *core.Table, schema string) bool {
	if !t.name.matches(named.Name) {
		return false
	}
	if t.schema == nil {
		return true
	}
	if named.Schema != "" {
		schema = named.Schema
	}
	return t.schema.matches(schema)
}
