package config_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/config"
)

var update = flag.Bool("update", false, "write the golden files and tables anew")

const divider = "\n----\n"

// A golden file is a config, a dashed line, and what Load makes of it. Lines before the
// config that begin with "#env " and "#flag " set a variable or a flag.
func TestGoldenConfigs(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.test")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d golden files, error %v", len(paths), err)
	}
	for i, path := range paths {
		if paths[i], err = filepath.Abs(path); err != nil {
			t.Fatal(err)
		}
	}
	fixtures(t)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".test"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			input, want, _ := strings.Cut(string(data), divider)
			got := describe(config.Load(source(input)))
			if *update {
				if err := os.WriteFile(path, []byte(input+divider+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func source(input string) config.Source {
	src := config.Source{Path: "dbmesh.yaml", Text: []byte(input), Flags: map[string]string{}}
	for line := range strings.Lines(input) {
		line = strings.TrimSpace(line)
		if pair, ok := strings.CutPrefix(line, "#env "); ok {
			src.Env = append(src.Env, pair)
		}
		if pair, ok := strings.CutPrefix(line, "#flag "); ok {
			key, value, _ := strings.Cut(pair, "=")
			src.Flags[key] = value
		}
	}
	return src
}

// describe gives errors, or what differs from an empty Settings, a key a line.
func describe(c *config.Config, err error) string {
	if err != nil {
		var all *config.Errors
		if !errors.As(err, &all) {
			return "not an *Errors: " + err.Error() + "\n"
		}
		return err.Error() + "\n"
	}
	var b strings.Builder
	for _, w := range c.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	show(&b, "", reflect.ValueOf(c.Settings))
	return b.String()
}

func show(b *strings.Builder, path string, v reflect.Value) {
	switch value := v.Interface().(type) {
	case core.Secret:
		if !value.IsZero() {
			fmt.Fprintf(b, "%s = secret %q\n", path, value.Reveal())
		}
		return
	case core.Spec:
		fmt.Fprintf(b, "%s = %s %q on_failure %d\n", path, value.Kind, value.Name, value.OnFailure)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name := f.Tag.Get("koanf")
			if name == "-" {
				name = strings.ToLower(f.Name)
			}
			show(b, strings.TrimPrefix(path+"."+name, "."), v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			show(b, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			show(b, path, v.Elem())
		}
	default:
		if !v.IsZero() {
			fmt.Fprintf(b, "%s = %v\n", path, v.Interface())
		}
	}
}
