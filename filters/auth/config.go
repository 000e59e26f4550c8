package auth

import (
	"errors"
	"fmt"

	"github.com/dbmesh/dbmesh/core"
)

type config struct {
	Mode  string `koanf:"mode"`
	Users []user `koanf:"users"`
	// Revoke says what becomes of the live sessions of a user that the list no longer has:
	// keep or close.
	Revoke string `koanf:"revoke"`
}

type user struct {
	Name        string      `koanf:"name"`
	Password    core.Secret `koanf:"password"`
	NoPassword  bool        `koanf:"no_password"`
	Plugin      string      `koanf:"plugin"`
	Backend     backend     `koanf:"backend"`
	MaxSessions int         `koanf:"max_sessions"`
}

type backend struct {
	User     string      `koanf:"user"`
	Password core.Secret `koanf:"password"`
}

// Passthrough says whether clients prove themselves to the backend in a link with this config.
// A config that is wrong says no.
func Passthrough(decode core.Decode) bool {
	var c config
	return decode != nil && decode(&c) == nil && (c.Mode == "" || c.Mode == "passthrough")
}

func (c config) build() (*filter, error) {
	switch c.Revoke {
	case "", "keep", "close":
	default:
		return nil, fmt.Errorf("revoke is %q, want keep or close", c.Revoke)
	}
	switch c.Mode {
	case "", "passthrough":
		if len(c.Users) > 0 {
			return nil, errors.New("mode passthrough knows no users: remove the list, or say mode: list")
		}
		if c.Revoke == "close" {
			return nil, errors.New("revoke needs mode list: in passthrough the backend ends sessions")
		}
		return &filter{passthrough: &core.Account{Passthrough: true}}, nil
	case "list":
	default:
		return nil, fmt.Errorf("mode is %q, want passthrough or list", c.Mode)
	}
	if len(c.Users) == 0 {
		return nil, errors.New("mode list needs at least one entry in users")
	}
	f := &filter{users: make(map[string]*core.Account, len(c.Users))}
	for i, u := range c.Users {
		a, err := u.account()
		if err != nil {
			return nil, fmt.Errorf("users[%d] (name %q): %w", i, u.Name, err)
		}
		if f.users[u.Name] != nil {
			return nil, fmt.Errorf("users[%d] (name %q): there is an earlier user of this name", i, u.Name)
		}
		f.users[u.Name] = a
	}
	f.decoys = newDecoys(c.Users, f.users)
	return f, nil
}

func (u user) account() (*core.Account, error) {
	if u.Name == "" {
		return nil, errors.New("needs a name")
	}
	if u.MaxSessions < 0 {
		return nil, fmt.Errorf("max_sessions is %d, want 0 (no limit) or more", u.MaxSessions)
	}
	// An empty password must be meant: a variable that is unset must not open the door.
	if u.Password.IsZero() != u.NoPassword {
		if u.NoPassword {
			return nil, errors.New("has a password and no_password: true")
		}
		return nil, errors.New("has no password; if that is meant, say no_password: true")
	}
	a, hashed, err := prove(u.Password)
	if err != nil {
		return nil, err
	}
	a.NoPassword, a.MaxSessions = u.NoPassword, u.MaxSessions
	if a.Plugin, err = u.plugin(a); err != nil {
		return nil, err
	}
	a.BackendUser, a.BackendPassword = u.Backend.User, u.Backend.Password
	switch {
	case a.BackendUser == "" && !a.BackendPassword.IsZero():
		return nil, errors.New("backend has a password and no user")
	case a.BackendUser != "":
	case hashed:
		return nil, errors.New("has a hashed password, with which dbmesh can't log in to a backend: set backend.user and backend.password")
	default:
		a.BackendUser, a.BackendPassword = u.Name, u.Password
	}
	return a, nil
}

// plugin chooses what the client is asked to use. mysql_native_password is the default,
// for every client can do it on a plain connection at the first try. Its hash serves for
// caching_sha2_password too, once the client has sent its password over TLS; a hash for
// caching_sha2_password serves for nothing else.
func (u user) plugin(a *core.Account) (string, error) {
	switch {
	case u.Plugin == "" && a.Native == nil && a.SHA2 != nil:
		return cachingSHA2, nil
	case u.Plugin == "":
		return native, nil
	case u.Plugin != native && u.Plugin != cachingSHA2:
		return "", fmt.Errorf("plugin is %q, want %s or %s", u.Plugin, native, cachingSHA2)
	case u.Plugin == native && a.Native == nil && !a.NoPassword:
		return "", errors.New("plugin mysql_native_password can't verify a sha2: hash; leave the plugin out")
	}
	return u.Plugin, nil
}
