package wasm

// Change does what Run does when a watched file has changed.
func (s *Store) Change(rebuild func() error) { s.change(rebuild) }

// ConfigOf gives the settings of a filter in force as its guest sees them.
func (s *Store) ConfigOf(name string) string {
	for _, f := range s.shown() {
		if f.id.name == name && f.entry != nil {
			return f.entry.report.Config
		}
	}
	return ""
}
