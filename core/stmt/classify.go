package stmt

import (
	"sync"

	"github.com/dbmesh/dbmesh/core"
)

// Limits of what is looked at. What is beyond is opaque, never wrong.
const (
	maxShape   = 16 << 10 // of a shape: what is longer would take too long on an event loop
	maxScratch = 64 << 10 // of a buffer that is kept
	maxHead    = 4 << 10  // of a text that is cut off
)

// DefaultCacheBytes is the size of a Classifier's cache if none is given: room for about
// 15,000 shapes of ordinary statements.
const DefaultCacheBytes = 16 << 20

// Classifier finds facts, and remembers them by shape. It is safe for concurrent use.
type Classifier struct {
	cache   *cache
	scratch sync.Pool // of *[]byte
}

// NewClassifier makes a Classifier whose cache takes at most about so many bytes; 0 is
// DefaultCacheBytes.
func NewClassifier(cacheBytes int) *Classifier {
	if cacheBytes <= 0 {
		cacheBytes = DefaultCacheBytes
	}
	c := &Classifier{cache: newCache(cacheBytes)}
	c.scratch.New = func() any { return new([]byte) }
	return c
}

// Stats gives the figures of the cache.
func (c *Classifier) Stats() Stats { return c.cache.stats() }

// Classify gives the facts about a text, never nil. truncated says that the text goes on
// beyond sql. A shape that is in the cache costs no allocation.
func (c *Classifier) Classify(m Mode, sql []byte, truncated bool) *core.Facts {
	if truncated {
		return cutOff(m, sql, "the text is longer than inspect_limit")
	}
	buf := c.scratch.Get().(*[]byte)
	n := normalizer{lexer: NewLexer(sql, m), out: (*buf)[:0]}
	n.all()
	n.settle()
	f := c.find(&n)
	if cap(n.out) <= maxScratch {
		*buf = n.out
	}
	c.scratch.Put(buf)
	return f
}

// find looks a shape up. The reason of a doubt and the presence of an executable comment
// are facts that the shape alone does not show, so they are part of what is looked up.
func (c *Classifier) find(n *normalizer) *core.Facts {
	shape := len(n.out)
	if shape > maxShape {
		return cutOff(n.lexer.mode, n.lexer.sql, tooLong)
	}
	if doubt := n.lexer.doubt; doubt != "" || n.live {
		n.out = append(append(n.out, 0), doubt...)
		if n.live {
			n.out = append(n.out, 0)
		}
	}
	key := n.out
	m := n.lexer.mode
	hash := c.cache.hash(m, key)
	f := c.cache.get(hash, m, key)
	if f == nil {
		n.out = n.out[:shape]
		f = n.analyze()
		c.cache.put(hash, m, key, f)
	}
	return f
}

// Analyze finds the facts about a text without a cache.
func Analyze(m Mode, sql []byte) *core.Facts {
	n := normalizer{lexer: NewLexer(sql, m)}
	n.all()
	n.settle()
	if len(n.out) > maxShape {
		return cutOff(m, sql, tooLong)
	}
	return n.analyze()
}

const tooLong = "it is longer than 16 KiB without its literals"

// cutOff gives what can be said about the beginning of a text.
func cutOff(m Mode, sql []byte, reason string) *core.Facts {
	f := *Analyze(m, sql[:min(len(sql), maxHead)])
	f.Digest, f.DigestText = "", ""
	obscure(&f, reason)
	return &f
}
