package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/lab"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/manifest"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
)

const packUsage = `dbmesh filter pack puts a manifest into a module, so that one file is the whole filter.

  dbmesh filter pack rule.wasm                      of rule.filter.yaml or filter.yaml beside it
  dbmesh filter pack rule.wasm --manifest my.yaml -o dist/rule.wasm

A manifest that the module has already is replaced. A signature is taken away, for it would be
wrong: sign the module afterwards. See what is in it with dbmesh filter inspect.
`

// filterPack is the verb filter pack.
func filterPack(args []string, out, errs io.Writer) int {
	from, to := "", ""
	flags := newFlags("pack", packUsage)
	flags.StringVar(&from, "manifest", "", "the manifest's `file`")
	flags.StringVar(&to, "o", "", "write the module to this `file` and leave the other as it is")
	files, status, done := parse(flags, 1, args, out, errs)
	if done {
		return status
	}
	if len(files) == 0 {
		return ended(errs, "pack", &usageError{errors.New("say which module, such as dbmesh filter pack rule.wasm")})
	}
	if to == "" {
		to = files[0]
	}
	if err := packFile(files[0], from, to, out); err != nil {
		return ended(errs, "pack", err)
	}
	return exitOK
}

func packFile(path, from, to string, out io.Writer) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if from == "" {
		if from, err = manifestBeside(path); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	m, err := manifest.Parse(from, text)
	if err != nil {
		return err
	}
	_, signed := module.Section(b, abi.SignatureSection)
	whole, err := packed(b, text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := replaceFile(to, whole); err != nil {
		return err
	}
	fmt.Fprintf(out, "packed %s into %s: %s\n", from, to, strings.TrimSpace(m.Name+" "+m.Version))
	if signed {
		fmt.Fprintln(out, "its signature was taken away; sign it again")
	}
	return nil
}

// manifestBeside finds the manifest of a module by the module's name.
func manifestBeside(path string) (string, error) {
	own := strings.TrimSuffix(path, ".wasm") + ".filter.yaml"
	general := filepath.Join(filepath.Dir(path), lab.ManifestName)
	for _, candidate := range []string{own, general} {
		if _, err := os.Stat(candidate); err == nil {
			return candidate, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("there is neither %s nor %s; name one with --manifest", own, general)
}

// packed gives the module with the manifest inside and without signature.
func packed(b, manifestText []byte) ([]byte, error) {
	if err := isModule(b); err != nil {
		return nil, err
	}
	b, _ = module.WithoutSection(b, abi.SignatureSection)
	b, _ = module.WithoutSection(b, abi.ManifestSection)
	return module.AppendSection(b, abi.ManifestSection, manifestText), nil
}

// isModule looks at the beginning only.
func isModule(b []byte) error {
	const magic = "\x00asm\x01\x00\x00\x00"
	if !strings.HasPrefix(string(b[:min(len(b), len(magic))]), magic) {
		return errors.New("it is no WebAssembly module")
	}
	return nil
}
