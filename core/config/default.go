package config

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// usualChain is the chain of a config that declares none. Without rules the router leaves
// sessions to their listener's pool.
const usualChain = `chains:
  - name: default
    links:
      - kind: auth
        mode: passthrough
      - kind: router
      - kind: balancer
      - kind: slow-log
`

// DefaultListen is where the shortest config listens.
const DefaultListen = "127.0.0.1:6033"

// Default gives the shortest config: a whole sidecar before one backend, whose accounts
// clients log in with. The caller may add Env and Flags. listen "" is DefaultListen.
func Default(backend, listen string) Source {
	if listen == "" {
		listen = DefaultListen
	}
	return Source{Path: "command line", generated: true, Text: fmt.Appendf(nil, `listeners:
  - name: default
    address: %s
pools:
  - name: backends
    backends:
      - address: %s
`, quote(listen), quote(backend))}
}

// quote makes a YAML string of any text; a dollar in it is no variable.
func quote(text string) string {
	var out []byte
	for _, c := range []byte(strconv.Quote(text)) {
		if c == '$' {
			out = append(out, '$')
		}
		out = append(out, c)
	}
	return string(out)
}

// complete gives a tree without chains the usual one. Its keys have no lines.
func (d *document) complete() {
	if d.root == nil || child(d.root, "chains") != nil {
		return
	}
	var usual yaml.Node
	if err := yaml.Unmarshal([]byte(usualChain), &usual); err != nil {
		panic(err) // a constant that every test reads
	}
	d.root.Content = append(d.root.Content, usual.Content[0].Content...)
}
