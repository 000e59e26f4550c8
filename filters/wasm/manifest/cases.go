package manifest

// Case is one question to a filter and the answer that it has to give. A manifest's cases
// are asked each time before the filter is put in force; a file of cases has the same form.
type Case struct {
	Name string `yaml:"name"`
	// Hook is on_query if it is left out.
	Hook    Hook     `yaml:"hook"`
	Session Session  `yaml:"session"`
	SQL     string   `yaml:"sql"` // of on_init_db the schema
	Params  []any    `yaml:"params"`
	Columns []Column `yaml:"columns"`
	Error   *Error   `yaml:"error"`
	Want    Want     `yaml:"want"`

	MaxFuel   Count    `yaml:"max_fuel"`   // 0 is any
	MaxMemory Size     `yaml:"max_memory"` // 0 is any
	Log       []string `yaml:"log"`        // texts, each in one line that the filter logs
}

// Session is the client of a case.
type Session struct {
	User        string            `yaml:"user"`
	Schema      string            `yaml:"schema"`
	Address     string            `yaml:"address"`
	Listener    string            `yaml:"listener"`
	Pool        string            `yaml:"pool"`
	Attributes  map[string]string `yaml:"attributes"`
	TLS         bool              `yaml:"tls"`
	Transaction bool              `yaml:"transaction"`
}

// Column is one of the columns of a case of on_columns.
type Column struct {
	Schema   string `yaml:"schema"`
	Table    string `yaml:"table"`
	OrgTable string `yaml:"org_table"`
	Name     string `yaml:"name"`
	OrgName  string `yaml:"org_name"`
	Type     byte   `yaml:"type"` // MySQL's number of the type; 0 is a VARCHAR
}

// Error is the backend's error of a case of on_error, and the error that is wanted.
type Error struct {
	Code    uint16 `yaml:"code"`
	State   string `yaml:"state"`
	Message string `yaml:"message"` // wanted: a part of the message
}

// Want is the verdict that a case wants. What is left out is not compared.
type Want struct {
	// Verdict is pass, deny, disconnect, rewrite, route, reply, ok, mask or fault.
	Verdict string            `yaml:"verdict"`
	Code    uint16            `yaml:"code"`
	State   string            `yaml:"state"`
	Message string            `yaml:"message"` // a part of the message
	SQL     string            `yaml:"sql"`     // the rewritten statement
	Pool    string            `yaml:"pool"`
	Backend string            `yaml:"backend"`
	Rows    [][]any           `yaml:"rows"`  // of a reply, as text; null for NULL
	Masks   map[string]string `yaml:"masks"` // by column: null, constant, hash or keep
}
