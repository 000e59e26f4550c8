// Package config reads dbmesh's configuration: one YAML file, strictly, under environment
// variables and flags. Every error names its line and key, and all of them are told at once.
package config

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/watch"
)

// Source says where a configuration comes from. Later ones win: defaults, the file or
// text, the environment, flags.
type Source struct {
	Path string // of the file; relative paths in it start at its directory
	Text []byte // if not nil, the file's text; then Path is only a name
	// Env is the environment as os.Environ gives it: DBMESH_A__B sets the key a.b, and
	// ${NAME} in a value takes any variable.
	Env   []string
	Flags map[string]string // by key, such as log.level

	generated bool // Text comes from Default
}

// Config is a configuration that has passed all checks which need neither a filter nor a
// network. It is immutable.
type Config struct {
	core.Settings
	Files    watch.State // what it was read from: the file, secrets, certificates
	Warnings []string    // allowed and seldom meant; each names line and key
	// Hash is the SHA-256 of the file's text in hex, what sha256sum prints. Secrets and
	// certificates are not in it: it may be shown, and is no proof that nothing changed.
	Hash string

	doc     *document
	origins map[string]string
}

// Load reads and checks a configuration. Errors are an *Errors.
func Load(src Source) (*Config, error) {
	d := &document{
		name: src.Path, dir: filepath.Dir(src.Path), lines: make(map[string]int),
		env: newVariables(src.Env), used: make(map[string]bool),
		secrets: make(map[string]secret), files: make(watch.State), blind: src.generated,
	}
	c := &Config{Files: d.files, doc: d, origins: make(map[string]string)}
	p := &problems{where: c.where}
	text := src.Text
	if text == nil {
		var err error
		if text, err = d.files.Read(src.Path); err != nil {
			p.add("", "%v", reason(err))
			return nil, p.err(d.files)
		}
	}
	sum := sha256.Sum256(text)
	c.Hash = hex.EncodeToString(sum[:])
	if d.parse(text, p); len(p.list) > 0 && d.root == nil {
		return nil, p.err(d.files)
	}
	d.complete()
	if err := c.read(src, p); err != nil {
		p.add("", "%v", err)
	}
	validator{c, p}.all()
	if err := p.err(d.files); err != nil {
		return nil, err
	}
	c.Warnings = d.warned
	return c, nil
}

// where says who set a key.
func (c *Config) where(key string) (source string, line int) {
	if origin, ok := c.origins[key]; ok {
		return origin, 0
	}
	return c.doc.where(key)
}
