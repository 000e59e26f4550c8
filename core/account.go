package core

import "sync/atomic"

// Account says how a client must prove itself and as whom dbmesh logs in to backends.
// A link's OnConnect sets Session.Account (the filter kind "auth" does); a session that
// nobody gave an Account is refused. Accounts are shared and must not be changed.
type Account struct {
	// Passthrough lets the client prove itself to the backend itself: dbmesh relays the
	// backend's challenge and the client's answer, and knows no password.
	Passthrough bool

	// Plugin is the authentication plugin that a client is asked to use, for example
	// mysql_native_password or caching_sha2_password.
	Plugin string
	// Native is SHA1(SHA1(password)) and SHA2 is SHA256(SHA256(password)); nil where the
	// plugin in question can't verify this account. Both nil: the password is empty, if
	// NoPassword is set, else nobody can log in.
	Native, SHA2 []byte
	NoPassword   bool

	BackendUser     string // as whom dbmesh logs in
	BackendPassword Secret
	MaxSessions     int // per user, 0 for no limit; beyond it error 1226

	learned atomic.Pointer[[]byte]
}

// SHA2Known is SHA2, or what a full exchange taught for an account that has only Native.
// It is forgotten with the account, that is with the config that made it.
func (a *Account) SHA2Known() []byte {
	if a.SHA2 != nil {
		return a.SHA2
	}
	if p := a.learned.Load(); p != nil {
		return *p
	}
	return nil
}

// LearnSHA2 keeps the hash of a password that was just proved.
func (a *Account) LearnSHA2(hash []byte) { a.learned.Store(&hash) }
