package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" // for its size
	"crypto/sha256"
	"encoding/binary"

	"github.com/dbmesh/dbmesh/core"
)

// decoys are accounts for names that the list does not have. There is one per listed
// user, with that user's plugin and kinds of hash, so unknown names are led through each
// sort of login as often as known ones are. Which sort a name gets is the same after a
// restart, for a real user's does not change either, and can't be computed without the
// list's passwords.
type decoys struct {
	key      [sha256.Size]byte
	accounts []*core.Account
}

func newDecoys(users []user, accounts map[string]*core.Account) decoys {
	d := decoys{}
	h := sha256.New()
	for _, u := range users {
		a := accounts[u.Name]
		for _, part := range []string{u.Name, u.Password.Reveal()} {
			h.Write(binary.AppendUvarint(nil, uint64(len(part))))
			h.Write([]byte(part))
		}
		d.accounts = append(d.accounts, decoy(a))
	}
	h.Sum(d.key[:0])
	return d
}

// decoy is an account like a, whose hashes belong to no password that anybody could find.
func decoy(a *core.Account) *core.Account {
	d := &core.Account{Plugin: a.Plugin}
	if a.Native != nil || a.NoPassword {
		d.Native = noise(sha1.Size)
	}
	if a.SHA2 != nil || a.NoPassword {
		d.SHA2 = noise(sha256.Size)
	}
	return d
}

func noise(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: it ends the process instead
	return b
}

func (d decoys) pick(name string) *core.Account {
	m := hmac.New(sha256.New, d.key[:])
	m.Write([]byte(name))
	n := binary.BigEndian.Uint64(m.Sum(nil))
	return d.accounts[n%uint64(len(d.accounts))]
}
