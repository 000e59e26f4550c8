//go:build !wasip1

package host

import (
	"strings"
	"time"
	"unsafe"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/fake"
)

func MatchNew(kind int32, text string) int32 {
	if !Current.Configuring {
		return abi.OutOfPlace
	}
	if len(Current.Sets) >= abi.MaxMatchSets {
		return abi.TooLarge
	}
	set, answer := fake.NewSet(kind, text)
	if answer < 0 {
		return answer
	}
	Current.Sets = append(Current.Sets, set)
	return int32(len(Current.Sets) - 1)
}

func Match(set, subject int32) int32 {
	s, ok := element(Current.Sets, set)
	if !ok {
		return abi.Invalid
	}
	switch {
	case !Current.HasText:
		return abi.NotThere
	case subject == abi.SubjectSQL:
		return s.Match(Current.SQL)
	case subject == abi.SubjectDigestText:
		return s.Match(Current.DigestText)
	case subject != abi.SubjectTables:
		return abi.Invalid
	}
	first := int32(abi.NotThere)
	for _, t := range Current.Tables {
		if i := s.Match(t.Full); i >= 0 && (first < 0 || i < first) {
			first = i
		}
	}
	return first
}

func MatchBytes(set int32, text string) int32 {
	s, ok := element(Current.Sets, set)
	if !ok {
		return abi.Invalid
	}
	return s.Match(text)
}

func StateGet(ptr unsafe.Pointer, room, off uint32) int32 {
	if Current.Session == nil {
		return abi.NotThere
	}
	return put(Current.Session.State, Current.Session.HasState, ptr, room, off)
}

func StateSet(text string) int32 {
	switch {
	case Current.Session == nil:
		return abi.NotThere
	case len(text) > abi.MaxState:
		return abi.TooLarge
	}
	Current.Session.State, Current.Session.HasState = strings.Clone(text), true
	return 0
}

func KVGet(key string, ptr unsafe.Pointer, room, off uint32) int32 {
	text, ok := Current.Services.KV.Get(key, now())
	return put(text, ok, ptr, room, off)
}

func KVSet(key, text string, ttlMillis int64) int32 {
	return Current.Services.KV.Set(strings.Clone(key), strings.Clone(text), time.Duration(ttlMillis)*time.Millisecond, now())
}

func KVIncr(key string, delta, ttlMillis int64) int64 {
	return Current.Services.KV.Incr(strings.Clone(key), delta, time.Duration(ttlMillis)*time.Millisecond, now())
}

func KVDelete(key string) int32 { return Current.Services.KV.Delete(key, now()) }

func Rate(key string, limit, perMillis int32) int32 {
	return Current.Services.KV.Take(strings.Clone(key), limit, time.Duration(perMillis)*time.Millisecond, now())
}

func MetricDef(kind int32, name string) int32 {
	switch {
	case !Current.Configuring:
		return abi.OutOfPlace
	case kind < abi.MetricCounter || kind > abi.MetricHistogram || name == "":
		return abi.Invalid
	case len(name) > abi.MaxMetricName || len(Current.Services.Metrics) >= abi.MaxMetrics:
		return abi.TooLarge
	}
	for i, m := range Current.Services.Metrics {
		if m.Name == name {
			if m.Kind != kind {
				return abi.Invalid
			}
			return int32(i)
		}
	}
	Current.Services.Metrics = append(Current.Services.Metrics, &fake.Metric{Kind: kind, Name: name})
	return int32(len(Current.Services.Metrics) - 1)
}

func MetricAdd(metric int32, value float64) int32 {
	m, ok := element(Current.Services.Metrics, metric)
	if !ok || m.Kind == abi.MetricCounter && value < 0 {
		return abi.Invalid
	}
	if m.Kind == abi.MetricGauge {
		m.Value = value
	} else {
		m.Value += value
	}
	m.Values = append(m.Values, value)
	return 0
}

func Log(level int32, text string) {
	if len(text) > abi.MaxLogLine {
		text = text[:abi.MaxLogLine]
	}
	Current.Services.Logs = append(Current.Services.Logs, fake.Line{Level: level, Text: strings.Clone(text)})
}

func NowNs() int64 { return now().UnixNano() }
