package config_test

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// everything is a filter's config with each type that one may have.
type everything struct {
	Text     string            `koanf:"text"`
	Number   int               `koanf:"number"`
	Unsigned uint16            `koanf:"unsigned"`
	Ratio    float64           `koanf:"ratio"`
	Flag     bool              `koanf:"flag"`
	Maybe    *int              `koanf:"maybe"`
	Time     time.Duration     `koanf:"time"`
	Size     core.Size         `koanf:"size"`
	Network  netip.Prefix      `koanf:"network"`
	Secret   core.Secret       `koanf:"secret"`
	List     []string          `koanf:"list"`
	Map      map[string]string `koanf:"map"`
	Users    []user            `koanf:"users"`
	Free     map[string]any    `koanf:"free"`
	shared   `koanf:",squash"`
	Hidden   string
}

type user struct {
	Name     string      `koanf:"name"`
	Password core.Secret `koanf:"password"`
}

type shared struct {
	Shared string `koanf:"shared"`
}

const chain = small + `chains:
  - name: only
    links:
      - kind: test
        name: link
        on_failure: open
`

func decode(t *testing.T, text string, into any) error {
	t.Helper()
	return load(t, chain+text).Chains[0].Links[0].Decode(into)
}

func TestDecodeFillsEachTypeAndKeepsDefaults(t *testing.T) {
	fixtures(t)
	got := everything{Text: "default", Number: 7, List: []string{"a", "default", "list"}}
	err := decode(t, `        unsigned: 65535
        ratio: 0.5
        flag: true
        maybe: 0
        time: 1m30s
        size: 1MiB
        network: 10.0.0.0/8
        secret: file:secret
        list: [8.0, yes]
        map: {a.b: x, "c d": 1}
        users:
          - name: one
            password: clear
          - {name: "two"}
        free: {n: 1, s: [a, {b: true}]}
        shared: s
`, &got)
	must(t, err)
	want := everything{
		Text: "default", Number: 7, Unsigned: 65535, Ratio: 0.5, Flag: true, Maybe: new(int), Time: 90 * time.Second,
		Size: 1 << 20, Network: netip.MustParsePrefix("10.0.0.0/8"), Secret: core.NewSecret("a password"),
		List: []string{"8.0", "yes"}, Map: map[string]string{"a.b": "x", "c d": "1"},
		Users:  []user{{"one", core.NewSecret("clear")}, {Name: "two"}},
		Free:   map[string]any{"n": 1, "s": []any{"a", map[string]any{"b": true}}},
		shared: shared{"s"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}

func TestDecodeErrorsHaveTheLineOfTheirKey(t *testing.T) {
	fixtures(t)
	err := decode(t, `        txt: x
        number: 1s
        time: 5
        network: 10.0.0.0
        users:
          - name: one
            pasword: x
          - name: two
            password: file:missing
        Hidden: x
`, new(everything))
	wants(t, err,
		`dbmesh.yaml:13: chains[0].links[0].txt: unknown key, did you mean "text"?`,
		`dbmesh.yaml:14: chains[0].links[0].number: is "1s", want a whole number`,
		`dbmesh.yaml:15: chains[0].links[0].time: is "5", which needs a unit, such as 5s`,
		`dbmesh.yaml:16: chains[0].links[0].network: netip.ParsePrefix("10.0.0.0"): no '/'`,
		`dbmesh.yaml:19: chains[0].links[0].users[0].pasword: unknown key, did you mean "password"?`,
		`dbmesh.yaml:21: chains[0].links[0].users[1].password: missing: no such file or directory`,
		`dbmesh.yaml:22: chains[0].links[0].Hidden: unknown key, want one of text, number, unsigned, ratio, flag, maybe, time, size, network, secret, list, map, users, free, shared, kind, name, on_failure`)
}

func TestDecodeRefusesWhatIsNoStruct(t *testing.T) {
	for _, into := range []any{nil, everything{}, new(int), (*int)(nil)} {
		if decode(t, "", into) == nil {
			t.Errorf("%T was filled", into)
		}
	}
}

type quiet struct{ core.Commander }

func registry(fail error) core.Registry {
	return core.Registry{"test": {New: func(_ string, decode core.Decode) (core.Filter, error) {
		if err := decode(new(everything)); err != nil {
			return nil, fmt.Errorf("decode: %w", err)
		}
		return quiet{}, fail
	}}}
}

func TestExplainGivesTheErrorsOfABuildTheirLines(t *testing.T) {
	text := chain + `        text: x
        users:
          - name: one
`
	at := "dbmesh.yaml:10: chains[0].links[0]: "
	for _, test := range []struct {
		text  string
		fails error
		want  []string
	}{
		{text, errors.New("has had enough"), []string{at + "has had enough"}},
		{text, errors.New("text: is no poem"), []string{"dbmesh.yaml:13: chains[0].links[0].text: is no poem"}},
		{text, fmt.Errorf("check: %w", errors.New("users[0].name: is a number")), []string{
			"dbmesh.yaml:15: chains[0].links[0].users[0].name: is a number"}},
		{text, errors.New(`users[0] (name "one"): needs a password`), []string{
			`dbmesh.yaml:15: chains[0].links[0].users[0]: (name "one"): needs a password`}},
		{text, errors.New(`users[0] (name "one"): name is too short`), []string{
			"dbmesh.yaml:15: chains[0].links[0].users[0].name: is too short"}},
		{text, errors.New(`text is "x", want a poem`), []string{`dbmesh.yaml:13: chains[0].links[0].text: is "x", want a poem`}},
		{text, errors.New("number: is not there: really"), []string{at + "number: is not there: really"}},
		{text, errors.Join(errors.New("users: too few"), errors.New("one"), errors.New("two")), []string{
			at + "one", at + "two", "dbmesh.yaml:14: chains[0].links[0].users: too few"}},
		{text + "        nubmer: 1\n", nil, []string{
			`dbmesh.yaml:16: chains[0].links[0].nubmer: unknown key, did you mean "number"?`}},
		{text + "      - kind: tset\n", nil, []string{`dbmesh.yaml:16: chains[0].links[1]: there is no filter kind "tset"`}},
	} {
		c := load(t, test.text)
		b := core.Builder{Registry: registry(test.fails)}
		_, err := b.Build("only", c.Chains[0].Links)
		wants(t, c.Explain("only", err), test.want...)
	}
	c := load(t, text)
	wants(t, c.Explain("only", errors.New("something else")), "dbmesh.yaml:8: chains[0]: something else")
	wants(t, c.Explain("none", errors.New("something else")), "dbmesh.yaml:7: chains: something else")
	must(t, c.Explain("only", nil))
}
