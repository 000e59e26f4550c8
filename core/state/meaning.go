package state

import (
	"slices"
	"strings"
)

// Meaning is what a server reads a statement's text by when it prepares it. It goes by it
// in each execute, whatever the session has set since.
type Meaning struct {
	Schema string     // the default one, "" for none
	set    *variables // what the session has set, of the variables that bear on a text
}

// Equal says whether a text has one meaning in both.
func (m Meaning) Equal(o Meaning) bool {
	return m.Schema == o.Schema && (m.set == o.set || slices.Equal(m.set.all(), o.set.all()))
}

// bears says whether a variable may decide what a prepared text means. The others are looked
// at by each execute. All of TiDB's own are taken to bear: which of them its plans keep
// changes from version to version.
func bears(name string) bool {
	switch name {
	case "sql_mode", "old_mode", "explicit_defaults_for_timestamp", "system_versioning_asof", "character_set_collations",
		"default_collation_for_utf8mb4", "default_storage_engine", "default_tmp_storage_engine", "enforce_storage_engine",
		"optimizer_switch", "sql_auto_is_null", "div_precision_increment", "in_predicate_conversion_threshold", "time_zone",
		"lc_time_names", "default_week_format", "block_encryption_mode", "column_compression_threshold":
		return true
	}
	return isCharset(name) || strings.HasPrefix(name, "tidb_")
}

// Meaning is what a text that the session prepares now is read by.
func (s *Shadow) Meaning(schema string) Meaning {
	m := Meaning{Schema: schema}
	var names, values []string
	for _, v := range s.set.all() {
		if bears(v.name) {
			names, values = append(names, v.name), append(values, v.value)
		}
	}
	if len(names) > 0 {
		m.set = m.set.with(names, values)
	}
	return m
}

// Reading is the session's shadow with the variables that bear on a text as they were when
// the text got its meaning.
func (s *Shadow) Reading(m Meaning) Shadow {
	set := &variables{}
	for _, v := range s.set.all() {
		if !bears(v.name) {
			set.list = append(set.list, v)
		}
	}
	var names, values []string
	for _, v := range m.set.all() {
		names, values = append(names, v.name), append(values, v.value)
	}
	return Shadow{set: set.with(names, values)}
}
