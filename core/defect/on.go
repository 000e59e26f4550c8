//go:build defects

package defect

import "os"

// Is says whether the program shall make the mistake.
func Is(d Defect) bool { return os.Getenv(Variable) == string(d) }
