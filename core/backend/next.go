package backend

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// Next is data sources that were prepared and are not in force yet. Dropping it costs
// nothing: it holds no connection and no goroutine.
type Next struct {
	pools []pool
}

type pool struct {
	settings *core.PoolSettings
	sources  []*Source
}

// Defaults for settings that are zero, as the config's own.
const (
	defaultInterval = time.Second
	defaultTimeout  = 800 * time.Millisecond
	defaultConnect  = 10 * time.Second
	defaultFall     = 2
	defaultRise     = 2
)

// Prepare does all of a change that can fail: it reads the files and checks the settings.
// Every error names its pool; all of them are joined. What p's slices hold must not change
// afterwards.
func (s *Set) Prepare(p []core.PoolSettings) (*Next, error) {
	next := &Next{}
	names := map[string]bool{}
	var errs []error
	for i := range p {
		if names[p[i].Name] {
			errs = append(errs, fmt.Errorf("pool %q: there are two of this name", p[i].Name))
			continue
		}
		names[p[i].Name] = true
		made, err := s.pool(p[i])
		if err != nil {
			errs = append(errs, fmt.Errorf("pool %q: %w", p[i].Name, err))
			continue
		}
		next.pools = append(next.pools, made)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return next, nil
}

func (s *Set) pool(given core.PoolSettings) (pool, error) {
	p := &given // a copy already; nothing below changes what its slices hold
	fill(p)
	if err := check(p); err != nil {
		return pool{}, err
	}
	files, err := readMaterial(p)
	if err != nil {
		return pool{}, err
	}
	made := pool{settings: p}
	names := map[string]bool{}
	for _, b := range p.Backends {
		src, err := s.source(p, files, b)
		if err != nil {
			return pool{}, fmt.Errorf("backend %q: %w", b.Name, err)
		}
		if name := src.Backend.Name; names[name] {
			return pool{}, fmt.Errorf("backend %q: there are two of this name", name)
		}
		names[src.Backend.Name] = true
		made.sources = append(made.sources, src)
	}
	return made, nil
}

func fill(p *core.PoolSettings) {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&p.Health.Interval, defaultInterval)
	set(&p.Health.Timeout, defaultTimeout)
	set(&p.ConnectTimeout, defaultConnect)
	set(&p.Replication.Interval, defaultInterval)
	if p.Health.Fall == 0 {
		p.Health.Fall = defaultFall
	}
	if p.Health.Rise == 0 {
		p.Health.Rise = defaultRise
	}
}

func check(p *core.PoolSettings) error {
	h := p.Health
	switch {
	case len(p.Backends) == 0:
		return errors.New("it has no backends")
	case h.Interval < 0 || h.Timeout < 0 || p.ConnectTimeout < 0:
		return errors.New("a duration is negative")
	case h.Fall < 0 || h.Rise < 0:
		return errors.New("health.fall and health.rise count from 1")
	case p.Control.User == "" && !p.Control.Password.IsZero():
		return errors.New("control.password is set without control.user")
	}
	switch p.ProxyProtocol {
	case "", "off", "v1", "v2":
		return nil
	}
	return fmt.Errorf("proxy_protocol %q is none of off, v1, v2", p.ProxyProtocol)
}

func (s *Set) source(p *core.PoolSettings, files *material, b core.BackendSettings) (*Source, error) {
	t, err := parseTarget(b.Address)
	if err != nil {
		return nil, err
	}
	weight := 1
	if b.Weight != nil {
		weight = *b.Weight
	}
	if weight < 0 {
		return nil, errors.New("a weight is not negative")
	}
	mode, cfg, err := files.config(p, t)
	if err != nil {
		return nil, err
	}
	name := b.Name
	if name == "" {
		name = b.Address
	}
	made := &core.Backend{Name: name, Pool: p.Name, Address: b.Address, Weight: weight}
	return &Source{
		Backend: made, weighed: []*core.Backend{made}, Pool: p, target: t, files: files, mode: mode, tls: cfg,
		net: s.net, report: s.report, known: newKnowledge(),
	}, nil
}

// identity is what makes a backend the same one over a change of config.
type identity struct{ pool, name, address string }

func (s *Source) identity() identity {
	b := s.Backend
	return identity{b.Pool, b.Name, b.Address}
}

// snapshot merges what was prepared with what is in force: a backend that stays is kept
// with its figures, and its Source too unless the settings or files of its pool changed.
func (n *Next) snapshot(old *snapshot) *snapshot {
	was := map[identity]*Source{}
	for _, src := range old.sources {
		was[src.identity()] = src
	}
	next := &snapshot{
		pools: map[string]*core.Pool{}, bySelf: map[*core.Backend]*Source{}, byPool: map[string][]*Source{},
	}
	for _, p := range n.pools {
		made := &core.Pool{Name: p.settings.Name}
		for _, src := range p.sources {
			src = src.succeed(was[src.identity()])
			made.Backends = append(made.Backends, src.Backend)
			for _, b := range src.weighed {
				next.bySelf[b] = src
			}
			next.sources = append(next.sources, src)
			next.byPool[made.Name] = append(next.byPool[made.Name], src)
		}
		next.pools[made.Name] = made
	}
	return next
}

// succeed gives the Source for a backend that was there before.
func (s *Source) succeed(old *Source) *Source {
	if old == nil {
		return s
	}
	weight := s.Backend.Weight
	if sameSettings(s.Pool, old.Pool) && s.files.same(old.files) && weight == old.Backend.Weight {
		return old
	}
	next := *s
	next.Backend, next.weighed, next.known = old.Backend, old.weighed, old.known
	i := slices.IndexFunc(old.weighed, func(b *core.Backend) bool { return b.Weight == weight })
	if i >= 0 {
		next.Backend = old.weighed[i]
		return &next
	}
	// Sessions hold the ones before and must still find their Source by them.
	next.Backend = old.Backend.Reweighed(weight)
	next.weighed = append(slices.Clone(old.weighed), next.Backend)
	return &next
}

// sameSettings compares all of a pool's settings but its list of backends.
func sameSettings(a, b *core.PoolSettings) bool {
	x, y := *a, *b
	x.Backends, y.Backends = nil, nil
	return reflect.DeepEqual(x, y)
}
