package auth

import (
	"crypto/sha1" // mysql_native_password is defined by it
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

const (
	native      = "mysql_native_password"
	cachingSHA2 = "caching_sha2_password"
)

// prove turns a password, clear or hashed, into what can verify a client's answer.
func prove(password core.Secret) (a *core.Account, hashed bool, err error) {
	text := password.Reveal()
	if digits, ok := strings.CutPrefix(text, "sha2:"); ok {
		sum, err := hex.DecodeString(digits)
		if err != nil || len(sum) != sha256.Size {
			return nil, true, errors.New("password starts with sha2: but is not followed by 64 hex digits")
		}
		return &core.Account{SHA2: sum}, true, nil
	}
	// A clear password may well start with a star; 40 hex digits after it are no accident.
	if digits, ok := strings.CutPrefix(text, "*"); ok && len(digits) == 2*sha1.Size {
		if sum, err := hex.DecodeString(digits); err == nil {
			return &core.Account{Native: sum}, true, nil
		}
	}
	if text == "" {
		return &core.Account{}, false, nil
	}
	one := sha1.Sum([]byte(text))
	two := sha1.Sum(one[:])
	three := sha256.Sum256([]byte(text))
	four := sha256.Sum256(three[:])
	return &core.Account{Native: two[:], SHA2: four[:]}, false, nil
}
