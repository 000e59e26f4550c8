package wasm

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core/watch"
)

const suffix = ".wasm"

// maxFilters bounds what a directory may ask of one link.
const maxFilters = 256

// target is a filter that a link shall have.
type target struct {
	name    string
	member  string // its link's name in the chain
	path    string
	at      string // key of the config that names it, "" if only the directory does
	own     string // what its own keys begin with in the config
	options Options
}

func (t *target) named() bool { return t.at != "" }

// targets finds the filters that a link shall have, in order: those that the config names,
// then those of the directory by name. What it reads is recorded in files.
func (c *config) targets(link string, files watch.State) ([]target, error) {
	keys, err := c.keys(files)
	if err != nil {
		return nil, err
	}
	if c.File != "" {
		name := strings.TrimSuffix(filepath.Base(c.File), suffix)
		return []target{{name, link, c.File, "file", "", c.options(ownConfig{}, keys)}}, nil
	}
	found, err := files.List(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("dir: %w", err)
	}
	var all []target
	var taken []string
	add := func(name, at, own string, o ownConfig) {
		all = append(all, target{name, link + "/" + name, filepath.Join(c.Dir, name+suffix), at, own, c.options(o, keys)})
		taken = append(taken, name)
	}
	for i, f := range c.Filters {
		own := fmt.Sprintf("filters[%d].", i)
		add(f.Name, own+"name", own, f.Own)
	}
	for _, file := range found {
		name, ok := strings.CutSuffix(file, suffix)
		if ok && name != "" && file[0] != '.' && !slices.Contains(taken, name) {
			add(name, "", "", ownConfig{})
		}
	}
	if len(all) > maxFilters {
		return nil, fmt.Errorf("dir: it has %d filters, more than %d", len(all), maxFilters)
	}
	return all, nil
}

func (c *config) keys(files watch.State) ([]ed25519.PublicKey, error) {
	var all []ed25519.PublicKey
	for i, path := range c.Keys {
		text, err := files.Read(path)
		if err != nil {
			return nil, fmt.Errorf("keys[%d]: %w", i, err)
		}
		keys, err := ParseKeys(text)
		if err != nil {
			return nil, fmt.Errorf("keys[%d]: %w", i, err)
		}
		all = append(all, keys...)
	}
	return all, nil
}

// read reads the module and what lies beside it. It records them all, also those that are not
// there: they may come.
func (t *target) read(files watch.State) (Source, error) {
	src := Source{Name: t.name}
	base := strings.TrimSuffix(t.path, suffix)
	var errs []error
	read := func(path string, optional bool) []byte {
		text, err := files.Read(path)
		if err != nil && !(optional && errors.Is(err, fs.ErrNotExist)) {
			errs = append(errs, err)
		}
		return text
	}
	src.Module = read(t.path, false)
	src.Manifest = read(base+".filter.yaml", true)
	src.Settings = read(base+".yaml", true)
	src.Signature = read(t.path+".sig", true)
	return src, errors.Join(errs...)
}

// explain gives an error about the filter the key that it is about.
func (t *target) explain(err error) error {
	var settings *SettingsError
	if !errors.As(err, &settings) {
		return fmt.Errorf("%s: %s", t.at, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	all := []error{settings.Err}
	if joined, ok := settings.Err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for i, one := range all {
		all[i] = fmt.Errorf("%sconfig.%w", t.own, one)
	}
	return errors.Join(all...)
}
