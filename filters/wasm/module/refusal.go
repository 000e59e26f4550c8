package module

import "fmt"

// Refusal is why a module is not taken: a sentence, and where in the file its reason stands.
// Read and Meter give no other errors.
type Refusal struct {
	Section  string // "code"; "module" if it is about the whole
	Function int    // its index with imports counted, -1 outside of functions
	Name     string // the function's name, if the module tells it
	Offset   int    // in bytes from the beginning of the module
	Reason   string
}

// Error says where, then what.
func (r *Refusal) Error() string {
	where := r.Section + " section"
	if r.Section == whole {
		where = whole
	}
	if r.Function >= 0 {
		where += fmt.Sprintf(", function %d", r.Function)
		if r.Name != "" {
			where += " (" + r.Name + ")"
		}
	}
	return fmt.Sprintf("%s, byte %d: %s", where, r.Offset, r.Reason)
}

// whole stands for the module outside of its sections.
const whole = "module"
