package dbmesh

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

// Config is the filter's part of dbmesh's configuration, there in OnConfigure only. A key is a
// path: "limits.user" goes into maps, "pools.0" into lists. A value that is not of the type
// asked for refuses the filter with a message that names the key. Strings stay.
type Config struct{}

// Has says that the key is there.
func (Config) Has(key string) bool {
	_, ok := configText(key)
	return ok
}

// String is the value as text, that of a list or map as JSON; otherwise if the key is not there.
func (Config) String(key, otherwise string) string {
	if text, ok := configText(key); ok {
		return text
	}
	return otherwise
}

// Int is a whole number.
func (Config) Int(key string, otherwise int) int {
	text, ok := configText(key)
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	wrong(err, key, text, "a whole number")
	return n
}

// Float is a number.
func (Config) Float(key string, otherwise float64) float64 {
	text, ok := configText(key)
	if !ok {
		return otherwise
	}
	n, err := strconv.ParseFloat(text, 64)
	wrong(err, key, text, "a number")
	return n
}

// Bool is true or false.
func (Config) Bool(key string, otherwise bool) bool {
	text, ok := configText(key)
	if !ok {
		return otherwise
	}
	b, err := strconv.ParseBool(text)
	wrong(err, key, text, "true or false")
	return b
}

// Duration is a time such as 1m30s.
func (Config) Duration(key string, otherwise time.Duration) time.Duration {
	text, ok := configText(key)
	if !ok {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	wrong(err, key, text, "a time such as 1m30s")
	return d
}

// Strings are the elements of a list, nil if the key is not there. A single value is a list of
// one.
func (Config) Strings(key string) []string {
	var all []string
	for i := 0; ; i++ {
		text, ok := configText(key + "." + strconv.Itoa(i))
		if !ok {
			break
		}
		all = append(all, text)
	}
	if all != nil {
		return all
	}
	if text, ok := configText(key); ok && text != "[]" {
		return []string{text}
	}
	return nil
}

// JSON is the whole configuration of the filter.
func (Config) JSON() string {
	for {
		n := host.Config(arena.at(), arena.room(), 0)
		if text, more := arena.take(n); !more {
			return strings.Clone(text)
		}
	}
}

func configText(key string) (string, bool) {
	for {
		n := host.ConfigGet(key, arena.at(), arena.room(), 0)
		if n < 0 {
			return "", false
		}
		if text, more := arena.take(n); !more {
			return strings.Clone(text), true
		}
	}
}

// setup is what there is while the filter is being configured.
var setup struct {
	waiting []func() // sets and metrics that were made in package variables
	over    bool     // OnConfigure has returned
	running bool
	fault   error // the first mistake in the config
}

func wrong(err error, key, value, want string) {
	if err != nil {
		refuse(errors.New("config " + key + ": " + strconv.Quote(value) + ", want " + want))
	}
}

func refuse(err error) {
	if err != nil && setup.fault == nil {
		setup.fault = err
	}
}

// define runs now or, in an init, as soon as dbmesh permits.
func define(what string, f func()) {
	switch {
	case setup.over:
		panic("dbmesh: " + what + " is only for package variables, inits and OnConfigure")
	case setup.running:
		f()
	default:
		setup.waiting = append(setup.waiting, f)
	}
}

// configure is dbmesh_configure. A message says why the filter can't work.
func configure() (message string) {
	reset()
	setup.running, setup.over, setup.fault = true, false, nil
	users, schemas = nil, nil // in tests another dbmesh begins here
	for _, f := range setup.waiting {
		f()
	}
	if handlers.configure != nil {
		refuse(handlers.configure(Config{}))
	}
	setup.running, setup.over = false, true
	if setup.fault == nil {
		return ""
	}
	if message = setup.fault.Error(); message == "" {
		message = "it gives an error without a text"
	}
	return message
}
