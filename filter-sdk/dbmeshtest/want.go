//go:build !wasip1

package dbmeshtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
)

// WantPass fails the test unless the filter lets it go on.
func (o *Outcome) WantPass() *Outcome {
	o.t.Helper()
	return o.want("pass", o.Verdict == "pass")
}

// WantDeny fails the test unless the filter denies it with this code.
func (o *Outcome) WantDeny(code int) *Outcome {
	o.t.Helper()
	return o.want(fmt.Sprintf("deny %d", code), o.Verdict == "deny" && o.Code == code)
}

// WantDisconnect fails the test unless the filter ends the session with this code.
func (o *Outcome) WantDisconnect(code int) *Outcome {
	o.t.Helper()
	return o.want(fmt.Sprintf("disconnect %d", code), o.Verdict == "disconnect" && o.Code == code)
}

// WantMessage fails the test unless the message of a deny or disconnect has this part.
func (o *Outcome) WantMessage(part string) *Outcome {
	o.t.Helper()
	return o.want("a message with "+part, strings.Contains(o.Message, part))
}

// WantRewrite fails the test unless the filter puts this in the place of the statement, or
// of OnInitDB's schema.
func (o *Outcome) WantRewrite(sql string) *Outcome {
	o.t.Helper()
	return o.want("rewrite to "+sql, (o.Verdict == "rewrite" || o.Verdict == "list") && o.SQL == sql)
}

// WantRoute fails the test unless the filter sends it to this pool.
func (o *Outcome) WantRoute(pool string) *Outcome {
	o.t.Helper()
	return o.want("route to the pool "+pool, (o.Verdict == "route" || o.Verdict == "list") && o.Pool == pool)
}

// WantRouteBackend fails the test unless the filter sends it to this backend.
func (o *Outcome) WantRouteBackend(backend string) *Outcome {
	o.t.Helper()
	return o.want("route to the backend "+backend, (o.Verdict == "route" || o.Verdict == "list") && o.Backend == backend)
}

// WantReply fails the test unless the filter answers with this result. Values are as text;
// Null is NULL.
func (o *Outcome) WantReply(columns []string, rows ...[]string) *Outcome {
	o.t.Helper()
	same := slices.EqualFunc(o.Rows, rows, func(got []*string, want []string) bool {
		return slices.Equal(texts(got), want)
	})
	return o.want(fmt.Sprintf("reply %q %q", columns, rows), o.Verdict == "reply" && same && slices.Equal(o.Columns, columns))
}

// Null stands for NULL in WantReply and WantMask.
const Null = "NULL"

func texts(row []*string) []string {
	all := make([]string, len(row))
	for i, v := range row {
		all[i] = Null
		if v != nil {
			all[i] = *v
		}
	}
	return all
}

// WantOK fails the test unless the filter answers with success, and so many rows affected.
func (o *Outcome) WantOK(affected uint64) *Outcome {
	o.t.Helper()
	return o.want(fmt.Sprintf("ok, %d affected", affected), o.Verdict == "ok" && o.Affected == affected)
}

// WantCacheable fails the test unless dbmesh may give the verdict to equal statements.
func (o *Outcome) WantCacheable() *Outcome {
	o.t.Helper()
	return o.want("cacheable", o.Cacheable)
}

// WantMask fails the test unless a value of the column, counted from 0, would be shown like this:
// WantMask(1, "ann@example.org", "an*************"). Null is NULL; a column that is not masked shows the value.
func (o *Outcome) WantMask(column int, value, shown string) *Outcome {
	o.t.Helper()
	if o.Verdict != "mask" && o.Verdict != "pass" {
		return o.want("mask", false)
	}
	got := o.Masked(column, value)
	if got != shown {
		o.t.Errorf("%s: column %d shows %q as %q, want %q", o.about, column, value, got, shown)
	}
	return o
}

// Masked is how a text value of the column would be shown; Null is NULL.
func (o *Outcome) Masked(column int, value string) string {
	for _, m := range o.Masks {
		if m.Column != column {
			continue
		}
		switch m.By {
		case abi.MaskNull:
			return Null
		case abi.MaskConstant:
			return m.Text
		case abi.MaskHash:
			mac := hmac.New(sha256.New, []byte(m.Text))
			mac.Write([]byte(value))
			return hex.EncodeToString(mac.Sum(nil))[:32]
		case abi.MaskKeep:
			return keep(value, m.First, m.Last)
		}
	}
	return value
}

// keep puts * for all characters but the first and last ones. A value that would stay whole
// is hidden whole.
func keep(value string, first, last int) string {
	n := utf8.RuneCountInString(value)
	if first+last >= n {
		return strings.Repeat("*", n)
	}
	runes := []rune(value)
	return string(runes[:first]) + strings.Repeat("*", n-first-last) + string(runes[n-last:])
}

func (o *Outcome) want(what string, is bool) *Outcome {
	o.t.Helper()
	if !is {
		o.t.Errorf("%s: %s, want %s", o.about, o, what)
	}
	return o
}

// String is the verdict in a few words.
func (o *Outcome) String() string {
	text := o.Verdict
	if o.unasked != "" {
		text += " (the filter has no " + o.unasked + ")"
	}
	switch o.Verdict {
	case "deny", "disconnect":
		text = fmt.Sprintf("%s %d (%s) %s", o.Verdict, o.Code, o.State, o.Message)
	case "rewrite", "route", "list":
		if o.SQL != "" || o.Verdict == "rewrite" {
			text += " to " + o.SQL
		}
		if o.Pool != "" {
			text += ", pool " + o.Pool
		}
		if o.Backend != "" {
			text += ", backend " + o.Backend
		}
	case "reply":
		text = fmt.Sprintf("reply %q", o.Columns)
		for _, row := range o.Rows {
			text += fmt.Sprintf(" %q", texts(row))
		}
	case "ok":
		text = fmt.Sprintf("ok, %d affected", o.Affected)
	}
	if o.Cacheable {
		text += ", cacheable"
	}
	return text
}
