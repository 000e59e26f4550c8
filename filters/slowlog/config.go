package slowlog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

type config struct {
	Threshold         time.Duration `koanf:"threshold"`
	Format            string        `koanf:"format"`
	File              string        `koanf:"file"`
	MaxSQL            core.Size     `koanf:"max_sql"`
	MaxLinesPerSecond int           `koanf:"max_lines_per_second"`
}

const (
	stderr = "stderr"
	// largestSQL bounds the work on the event loop: about half a millisecond a line.
	largestSQL = 64 << 10
)

func defaults() config {
	return config{Threshold: time.Second, Format: "json", File: stderr, MaxSQL: 4 << 10, MaxLinesPerSecond: 1000}
}

// check makes the file's path absolute, so that links which name it differently share it.
func (c *config) check() error {
	switch {
	case c.Threshold < 0:
		return fmt.Errorf("threshold is %v, want 0s (every command) or more", c.Threshold)
	case c.Format != "json" && c.Format != "mysql":
		return fmt.Errorf("format is %q, want json or mysql", c.Format)
	case c.MaxSQL < 0 || c.MaxSQL > largestSQL:
		return fmt.Errorf("max_sql is %v, want 0B (no text) to 64KiB", c.MaxSQL)
	case c.MaxLinesPerSecond < 1:
		return fmt.Errorf("max_lines_per_second is %d, want 1 or more", c.MaxLinesPerSecond)
	case c.File == "":
		return errors.New("file is empty, want a path or stderr")
	case c.File == stderr:
		return nil
	}
	path, err := filepath.Abs(c.File)
	if err != nil {
		return fmt.Errorf("file %q: %w", c.File, err)
	}
	c.File = path
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("file: %w", err)
	}
	if !dir.IsDir() {
		return fmt.Errorf("file: %s is not a directory", filepath.Dir(path))
	}
	return nil
}

func (c *config) formatter(link string) formatter {
	if c.Format == "mysql" {
		return mysqlFormat(int(c.MaxSQL))
	}
	return jsonFormat(link, int(c.MaxSQL))
}
