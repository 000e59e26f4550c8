package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// Explain gives an error from building a chain of this config its line and key. chain is
// the chain's name. What a filter's Decode refused has them already; an error of the filter's
// own that begins with a key of its config ("users[2].plugin: ...") gets that key's line, any
// other one the line of its link. A nil error stays nil, any other comes back as *Errors.
func (c *Config) Explain(chain string, err error) error {
	if err == nil {
		return nil
	}
	var located *Errors
	if errors.As(err, &located) {
		return located
	}
	p := &problems{where: c.where}
	at, found := c.chainKey(chain)
	var broken *core.LinkError
	if !found || !errors.As(err, &broken) {
		p.add(at, "%v", err)
		return p.err(c.Files)
	}
	at = c.linkKey(chain, at, broken.Link)
	for _, one := range flatten(broken.Err) {
		p.put(c.ownKey(at, one.Error()))
	}
	return p.err(c.Files)
}

func (c *Config) chainKey(name string) (string, bool) {
	for i, chain := range c.Chains {
		if chain.Name == name {
			return fmt.Sprintf("chains[%d]", i), true
		}
	}
	return "chains", false
}

// linkKey finds a link by its name, or by that of one of its members: its own, a slash, and the
// member's.
func (c *Config) linkKey(chain, at, link string) string {
	for _, ch := range c.Chains {
		for j, l := range ch.Links {
			if ch.Name == chain && (l.Name == link || strings.HasPrefix(link, l.Name+"/")) {
				return fmt.Sprintf("%s.links[%d]", at, j)
			}
		}
	}
	return at
}

// ownKey looks for a key of the link in a message, and gives the rest of the message.
// Filters write "users[2].plugin: ...", "mode is ..." or "rules[0]: pool: ...", perhaps
// behind what their layers have put before it.
func (c *Config) ownKey(link, message string) (key, rest string) {
	for rest = message; ; {
		if key, tail := c.descend(link, rest); key != link {
			return key, tail
		}
		_, tail, found := strings.Cut(rest, ": ")
		if !found {
			return link, message
		}
		rest = tail
	}
}

// descend goes into key by each word at the start of text that is a key inside it.
func (c *Config) descend(key, text string) (inner, rest string) {
	for {
		next := text
		if _, after, found := strings.Cut(text, "): "); found && text[0] == '(' {
			next = after // "users[0] (of this name): ..."
		}
		word, tail, _ := strings.Cut(next, " ")
		within := key + "." + strings.TrimSuffix(word, ":")
		if _, ok := c.doc.lines[within]; !ok || tail == "" {
			return key, text
		}
		key, text = within, tail
	}
}

// flatten takes errors.Join apart.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, one := range joined.Unwrap() {
		out = append(out, flatten(one)...)
	}
	return out
}
