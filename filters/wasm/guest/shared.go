package guest

import (
	"math"
	"time"

	"github.com/dbmesh/dbmesh/core/abi"
)

// The host functions on what all instances share: values, rates, metrics.

func kvGet(in *instance, s []uint64) {
	key := in.input(s, s[0], s[1], abi.MaxKey)
	if key == nil {
		return
	}
	room := uint64(min(uint32(s[3]), abi.MaxValue))
	n, ok := in.program.store.Read(key, nil, 0)
	if off := int(uint32(s[4])); ok && off < n && room > 0 {
		dst := in.bytes(s[2], min(room, uint64(n-off)))
		in.spend(uint64(len(dst) / 16))
		n, ok = in.program.store.Read(key, dst, off)
	}
	if !ok {
		n = abi.NotThere
	}
	answer(s, n)
}

func kvSet(in *instance, s []uint64) {
	key := in.input(s, s[0], s[1], abi.MaxKey)
	if key == nil {
		return
	}
	value := in.input(s, s[2], s[3], abi.MaxValue)
	if value == nil {
		return
	}
	if !in.program.store.Set(key, value, millis(s[4])) {
		answer(s, abi.TooLarge)
		return
	}
	answer(s, 0)
}

// kvIncr has no negative answers, for a counter may be negative: too long a key is a trap.
func kvIncr(in *instance, s []uint64) {
	if uint32(s[1]) > abi.MaxKey {
		panic(misuse("kv_incr with a key longer than 256 bytes"))
	}
	key := in.input(s, s[0], s[1], abi.MaxKey)
	s[0] = uint64(in.program.store.Incr(key, int64(s[2]), millis(s[3])))
}

func kvDelete(in *instance, s []uint64) {
	key := in.input(s, s[0], s[1], abi.MaxKey)
	if key == nil {
		return
	}
	answer(s, 0)
	if in.program.store.Delete(key) {
		answer(s, 1)
	}
}

func rate(in *instance, s []uint64) {
	key := in.input(s, s[0], s[1], abi.MaxKey)
	if key == nil {
		return
	}
	limit, per := int(int32(s[2])), time.Duration(int32(s[3]))*time.Millisecond
	answer(s, 0)
	if in.program.store.Take(key, limit, per) {
		answer(s, 1)
	}
}

// millis reads a time to live; what is too long for a Duration is for ever, 0.
func millis(ms uint64) time.Duration {
	if int64(ms) <= 0 || ms > math.MaxInt64/uint64(time.Millisecond) {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

func metricDef(in *instance, s []uint64) {
	kind := uint32(s[0])
	if !in.configure {
		answer(s, abi.OutOfPlace)
		return
	}
	name := in.input(s, s[1], s[2], abi.MaxMetricName)
	switch {
	case name == nil:
	case len(in.metrics) >= abi.MaxMetrics:
		answer(s, abi.TooLarge)
	case kind > abi.MetricHistogram || !metricName(name):
		answer(s, abi.Invalid)
	default:
		m := metric{kind: int(kind)}
		if all := in.program.metrics; all != nil {
			var err error
			if m.Metric, err = all.Define(m.kind, string(name)); err != nil {
				answer(s, abi.Invalid)
				return
			}
		}
		in.metrics = append(in.metrics, m)
		answer(s, len(in.metrics)-1)
	}
}

func metricName(name []byte) bool {
	for i, b := range name {
		if (b < 'a' || b > 'z') && (i == 0 || b != '_' && (b < '0' || b > '9')) {
			return false
		}
	}
	return len(name) > 0
}

func metricAdd(in *instance, s []uint64) {
	i, value := uint32(s[0]), math.Float64frombits(s[1])
	if uint64(i) >= uint64(len(in.metrics)) || math.IsNaN(value) || math.IsInf(value, 0) {
		answer(s, abi.Invalid)
		return
	}
	m := in.metrics[i]
	if m.kind == abi.MetricCounter && value < 0 {
		answer(s, abi.Invalid)
		return
	}
	if m.Metric != nil {
		m.Record(value)
	}
	answer(s, 0)
}
