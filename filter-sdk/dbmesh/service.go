package dbmesh

import (
	"errors"
	"math"
	"time"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

// What host functions can answer with.
var (
	ErrNotThere   = errors.New("there is no such thing")
	ErrTooLarge   = errors.New("it is over a limit")
	ErrOutOfPlace = errors.New("it is only allowed while the filter is configured")
	ErrInvalid    = errors.New("it is not valid")
)

func failure(n int32) error {
	switch {
	case n >= 0:
		return nil
	case n == abi.TooLarge:
		return ErrTooLarge
	case n == abi.OutOfPlace:
		return ErrOutOfPlace
	case n == abi.Invalid:
		return ErrInvalid
	}
	return ErrNotThere
}

// KVGet is a value that all sessions share. Keys have at most 256 bytes. Capability: kv.
func KVGet(key string) (value string, ok bool) {
	for {
		n := host.KVGet(key, arena.at(), arena.room(), 0)
		if n < 0 {
			return "", false
		}
		if text, more := arena.take(n); !more {
			return text, true
		}
	}
}

// KVSet keeps a value of at most 64 KiB for ttl, for ever if that is 0. Capability: kv.
func KVSet(key, value string, ttl time.Duration) error {
	return failure(host.KVSet(key, value, millis(ttl)))
}

// KVIncr adds to a counter and gives it; it begins at 0 and stays at the ends of its range. The
// ttl counts from the counter's creation; 0 keeps it. A key that is too long gives a negative
// answer. Capability: kv.
func KVIncr(key string, delta int64, ttl time.Duration) int64 {
	return host.KVIncr(key, delta, millis(ttl))
}

// KVDelete forgets a value and says whether there was one. Capability: kv.
func KVDelete(key string) bool { return host.KVDelete(key) == 1 }

// Rate takes one of limit tokens that come back within per, and says whether there was one:
// false is for the query too many. All sessions share the tokens of a key. Capability: rate.
func Rate(key string, limit int, per time.Duration) bool {
	return host.Rate(key, clamp(int64(limit)), clamp(millis(per))) == 1
}

// millis rounds up, so that no time becomes none.
func millis(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}

func clamp(n int64) int32 { return int32(max(0, min(n, math.MaxInt32))) }

// Now is the time. In tests it is the test's clock; time.Now is not.
func Now() time.Time { return time.Unix(0, host.NowNs()) }

// LogDebug writes a line of at most 4 KiB into dbmesh's log. Capability: log.
func LogDebug(text string) { host.Log(abi.LogDebug, text) }

// LogInfo writes a line into dbmesh's log. Capability: log.
func LogInfo(text string) { host.Log(abi.LogInfo, text) }

// LogWarn writes a line into dbmesh's log. Capability: log.
func LogWarn(text string) { host.Log(abi.LogWarn, text) }

// LogError writes a line into dbmesh's log. Capability: log.
func LogError(text string) { host.Log(abi.LogError, text) }
