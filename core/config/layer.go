package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"
)

// envPrefix begins the variables that set a key: DBMESH_LOG__LEVEL is log.level.
const envPrefix = "DBMESH_"

// Who set a key, if not the file.
const (
	fromEnv  = "environment "
	fromFlag = "flag"
)

// overrides are the layers above the file, environment and flags. Only keys outside lists
// can be set there; in a list, the file's ${NAME} does it.
type overrides struct {
	*problems
	used    map[string]bool   // variables that the file refers to
	origins map[string]string // who set a key, for its errors
}

func (o overrides) load(k *koanf.Koanf, src Source) error {
	err := k.Load(env.Provider(".", env.Opt{
		Prefix: envPrefix, TransformFunc: o.variable,
		EnvironFunc: func() []string { return slices.Sorted(slices.Values(src.Env)) },
	}), nil)
	if err != nil {
		return err
	}
	flags := make(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(src.Flags)) {
		if v, ok := o.set(key, src.Flags[key], fromFlag); ok {
			flags[key] = v
		}
	}
	return k.Load(confmap.Provider(flags, "."), nil)
}

// variable takes one variable of the environment; "" leaves it out.
func (o overrides) variable(name, text string) (string, any) {
	if o.used[name] || kubernetes.MatchString(name) || forTests.MatchString(name) {
		return "", nil
	}
	key := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, envPrefix), "__", "."))
	v, ok := o.set(key, text, fromEnv+name)
	if !ok {
		return "", nil
	}
	return key, v
}

// forTests tell this project's tests what to run, and may be set for a whole shell.
var forTests = regexp.MustCompile(`^DBMESH_(TEST_\w+|REQUIRE_SERVERS|TIDBPOOL)$`)

// kubernetes sets such variables in every pod beside a service that is called dbmesh.
var kubernetes = regexp.MustCompile(`_SERVICE_(HOST|PORT)(_\w+)?$|_PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?$`)

func (o overrides) set(key, text, origin string) (any, bool) {
	fail := func(format string, args ...any) (any, bool) {
		o.list = append(o.list, &Error{Source: origin, Key: key, Message: fmt.Sprintf(format, args...)})
		o.mute(key)
		return nil, false
	}
	t := typeOf(key)
	if t == nil {
		return fail("unknown key; variables and flags set keys outside lists, such as log.level")
	}
	if !plain(t) {
		return fail("not a single value; it can be set in the file only")
	}
	v, err := parse(text, t)
	if err != nil {
		return fail("%v", err)
	}
	o.origins[key] = origin
	return v, true
}
