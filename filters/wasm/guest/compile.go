package guest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/dbmesh/dbmesh/filters/wasm/module"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Compiler turns modules into machine code, one at a time for the whole process, and keeps
// the code in a private directory. Any number of goroutines may use it.
type Compiler struct {
	dir  string        // "" keeps nothing
	turn chan struct{} // holds one token: compiling takes a core for seconds
}

// NewCompiler makes a compiler whose cache is in dir, which it creates; "" is no cache. The
// machine code in there is run as it stands, so a directory in which others can write is refused.
func NewCompiler(dir string) (*Compiler, error) {
	c := &Compiler{turn: make(chan struct{}, 1)}
	if dir == "" {
		return c, nil
	}
	var err error
	c.dir, err = openCache(dir)
	return c, err
}

// Compile puts a module's machine code into the cache; the guest does not run. hit says that
// it was there already. Its errors are those of Load about the module.
func (c *Compiler) Compile(ctx context.Context, source []byte, caps module.Caps) (hit bool, err error) {
	code, err := c.compile(ctx, source, caps, false, nil)
	if err != nil {
		return false, err
	}
	code.close()
	return code.hit, nil
}

// code is a compiled module in a runtime of its own: when that is closed, nothing of it stays.
type code struct {
	runtime  wazero.Runtime
	cache    wazero.CompilationCache
	compiled wazero.CompiledModule
	hit      bool
	contents
}

func (c *code) close() {
	_ = c.runtime.Close(context.Background()) // fails for files of guests only, which have none
	if c.cache != nil {
		_ = c.cache.Close(context.Background())
	}
}

// compile makes machine code or finds it in the cache. granted nil allows every capability.
func (c *Compiler) compile(ctx context.Context, source []byte, caps module.Caps, interpret bool, granted map[string]bool) (*code, error) {
	if caps == (module.Caps{}) {
		caps = module.DefaultCaps()
	}
	config, err := runtimeConfig(interpret)
	if err != nil {
		return nil, err
	}
	entry := ""
	if c.dir != "" {
		entry = filepath.Join(c.dir, cacheKey(source, caps))
		if code, err := c.cached(entry, config, granted); code != nil || err != nil {
			return code, err
		}
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the compiler: %w", ctx.Err())
	}
	if entry != "" { // somebody may have made it meanwhile
		if code, err := c.cached(entry, config, granted); code != nil || err != nil {
			return code, err
		}
	}
	metered, err := meter(source, caps, granted)
	if err != nil {
		return nil, err
	}
	return c.fresh(entry, config, metered)
}

// runtimeConfig chooses the compiler, or the interpreter if it must and may.
func runtimeConfig(interpret bool) (wazero.RuntimeConfig, error) {
	config := wazero.NewRuntimeConfig()
	switch runtime.GOARCH {
	case "amd64", "arm64":
		config = wazero.NewRuntimeConfigCompiler()
	default:
		if !interpret {
			return nil, fmt.Errorf("there is no compiler for guests on %s, and interpreting them is 40 to 120 times slower: allow it if you want that", runtime.GOARCH)
		}
	}
	// Names are kept for traces; debug sections were dropped by Meter. The memory's limit is
	// the allocator's, who knows then that a guest met it.
	return config.WithCoreFeatures(api.CoreFeaturesV2).WithDebugInfoEnabled(false), nil
}

// meter checks the module as it came and gives it with its fuel counted. The check must come
// first: what is invalid in the original could be valid behind the pass and reach the counter.
func meter(source []byte, caps module.Caps, granted map[string]bool) ([]byte, error) {
	m, err := module.Read(source, caps)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().
		WithCoreFeatures(api.CoreFeaturesV2).WithDebugInfoEnabled(false))
	defer func() { _ = r.Close(ctx) }()
	compiled, err := r.CompileModule(ctx, source)
	if err != nil {
		return nil, fmt.Errorf("it is not valid: %w", err)
	}
	if _, err := check(compiled, granted); err != nil {
		return nil, err
	}
	return m.Meter()
}

// cached loads an entry; both results are nil if there is none that can be used.
func (c *Compiler) cached(entry string, config wazero.RuntimeConfig, granted map[string]bool) (*code, error) {
	metered := look(entry)
	if metered == nil {
		return nil, nil
	}
	cache, err := wazero.NewCompilationCacheWithDir(entry)
	if err != nil {
		return nil, nil // compiled anew
	}
	code, err := build(config.WithCompilationCache(cache), cache, metered, granted)
	var broken *compileError
	if errors.As(err, &broken) {
		_ = os.RemoveAll(entry)
		return nil, nil
	}
	if code != nil {
		code.hit = true
	}
	return code, err
}

// fresh compiles and keeps what it made, if there is a cache and room for it.
func (c *Compiler) fresh(entry string, config wazero.RuntimeConfig, metered []byte) (*code, error) {
	if entry == "" {
		return build(config, nil, metered, nil)
	}
	dir, err := os.MkdirTemp(c.dir, unfinished)
	if err != nil {
		return build(config, nil, metered, nil) // a full disk is no reason not to run
	}
	defer os.RemoveAll(dir)
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return build(config, nil, metered, nil)
	}
	code, err := build(config.WithCompilationCache(cache), cache, metered, nil)
	var broken *compileError
	if errors.As(err, &broken) { // it may be the disk
		return build(config, nil, metered, nil)
	}
	if err == nil && seal(dir, entry, metered) == nil {
		prune(c.dir)
	}
	return code, err
}

// compileError is an error of wazero's compiler on a module that it accepted.
type compileError struct{ error }

func (e *compileError) Unwrap() error { return e.error }

func build(config wazero.RuntimeConfig, cache wazero.CompilationCache, metered []byte, granted map[string]bool) (*code, error) {
	ctx := context.Background()
	c := &code{runtime: wazero.NewRuntimeWithConfig(ctx, config), cache: cache}
	var err error
	if c.compiled, err = c.runtime.CompileModule(ctx, metered); err != nil {
		c.close()
		return nil, &compileError{fmt.Errorf("it can't be compiled: %w", err)}
	}
	if c.contents, err = check(c.compiled, granted); err == nil {
		err = provide(c.runtime, c.compiled.ImportedFunctions())
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}
