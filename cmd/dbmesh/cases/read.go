package cases

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dbmesh/dbmesh/core/abi"
)

// Load reads a file. Its error is a Problems, or why there is nothing to read.
func Load(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, text)
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// Parse reads a file's text; path is for errors.
func Parse(path string, text []byte) (*File, error) {
	f := &File{Path: path}
	r := &reader{path: path}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		said := yamlLine.ReplaceAllString(err.Error(), "")
		if strings.Contains(said, "',' or '}'") {
			said += "; between { and } a text with a question mark, a comma or a colon needs quotes"
		}
		p := &Problem{Path: path, Message: "is no YAML: " + said}
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			p.Line, _ = strconv.Atoi(m[1]) // "" gives 0, which is no line
		}
		return nil, Problems{p}
	}
	if len(doc.Content) == 0 {
		return nil, Problems{&Problem{Path: path, Message: "is empty; docs/filter-cli.md shows what stands in it"}}
	}
	var cases *yaml.Node // read last: what holds for all cases may stand below them
	base := Step{Session: fresh()}
	r.mapping(resolve(doc.Content[0]), "",
		field{"config", r.values(&f.Config)},
		field{"grants", r.grants(&f.Grants)},
		field{"server", func(n *yaml.Node, key string) { r.server(n, key, &f.Server) }},
		field{"limits", func(n *yaml.Node, key string) {
			r.mapping(n, key, field{"fuel", r.count(&f.Limits.Fuel)}, field{"memory", r.size(&f.Limits.Memory)})
		}},
		field{"session", func(n *yaml.Node, key string) { r.session(n, key, &base.Session) }},
		field{"max_fuel", r.count(&base.MaxFuel)},
		field{"max_memory", r.size(&base.MaxMemory)},
		field{"cases", func(n *yaml.Node, _ string) { cases = n }},
	)
	if cases != nil {
		r.list(cases, "cases", func(n *yaml.Node, key string) { f.Cases = append(f.Cases, r.one(n, key, base)) })
	}
	if len(f.Cases) == 0 && len(r.problems) == 0 {
		r.wrong(nil, "cases", "there is none")
	}
	r.names(f)
	if len(r.problems) > 0 {
		return nil, r.sorted()
	}
	return f, nil
}

// names gives cases without a name one, and refuses two of the same.
func (r *reader) names(f *File) {
	lines := map[string]int{}
	for i := range f.Cases {
		c := &f.Cases[i]
		if c.Name == "" && len(c.Steps) > 0 {
			c.Name = c.Steps[0].SQL
		}
		if c.Name == "" {
			c.Name = fmt.Sprintf("case %d", i+1)
		}
		if before := lines[c.Name]; before > 0 {
			r.problems = append(r.problems, &Problem{r.path, c.Line, fmt.Sprintf("cases[%d].name", i),
				fmt.Sprintf("%q is the name of the case in line %d too", c.Name, before)})
		}
		lines[c.Name] = c.Line
	}
}

func (r *reader) server(n *yaml.Node, key string, s *Server) {
	r.mapping(n, key,
		field{"flavour", r.text(&s.Flavour)}, field{"version", r.text(&s.Version)},
		field{"sql_mode", r.text(&s.SQLMode)}, field{"charset", r.text(&s.Charset)})
}

func (r *reader) grants(into *[]string) func(*yaml.Node, string) {
	return func(n *yaml.Node, key string) {
		*into = []string{}
		r.list(n, key, func(n *yaml.Node, key string) {
			var name string
			r.text(&name)(n, key)
			for _, c := range abi.Capabilities() {
				if c == name {
					*into = append(*into, name)
					return
				}
			}
			r.wrong(n, key, "is %s, want one of %v", shape(n), abi.Capabilities())
		})
	}
}
