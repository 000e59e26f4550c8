package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// filePrefix makes a secret's value the content of a file.
const filePrefix = "file:"

// secret is what a file held at Load. Filters decode their part later and get the same
// content, the one that is watched.
type secret struct {
	value string
	err   error
}

// readSecret reads the file of a value that begins with file:. Whether the value is a
// secret at all is known only when somebody decodes it; then a failure is reported.
func (d *document) readSecret(key, path string) {
	path = d.resolve(path)
	data, err := d.files.Read(path)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, reason(err))
	}
	s := secret{strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"), err}
	if err == nil && s.value == "" {
		s.err = fmt.Errorf("%s is empty", path)
	}
	d.secrets[path] = s
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o044 != 0 {
		d.warn(key, "%s has mode %04o, so others than its owner can read it", path, info.Mode().Perm())
	}
}

// reason takes the operation and the path out of an error that will name the path itself.
func reason(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// secret gives the value of a secret's node. Only text in the config itself names a file:
// a variable's value that begins with file: is a value.
func (d *document) secret(n *yaml.Node) (string, error) {
	text, _, err := d.env.expand(n.Value)
	if err != nil || !strings.HasPrefix(n.Value, filePrefix) {
		return text, err
	}
	s, ok := d.secrets[d.resolve(strings.TrimPrefix(text, filePrefix))]
	if !ok {
		return "", errors.New("the file was not read")
	}
	return s.value, s.err
}
