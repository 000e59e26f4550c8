package state

import (
	"slices"
	"strings"
)

// variable is a session variable and its value as SQL text that may be assigned: a number,
// a quoted string, NULL.
type variable struct{ name, value string }

// variables are sorted by name and never change once they are made: a session and the
// connections that have its values share them, and are seen to be equal by the pointer.
type variables struct {
	list []variable
	size int // bytes of names and values
}

// all gives the variables; a nil set has none.
func (v *variables) all() []variable {
	if v == nil {
		return nil
	}
	return v.list
}

func (v *variables) get(name string) (string, bool) {
	i, found := find(v.all(), name)
	if !found {
		return "", false
	}
	return v.list[i].value, true
}

func find(list []variable, name string) (int, bool) {
	return slices.BinarySearchFunc(list, name, func(v variable, name string) int { return strings.Compare(v.name, name) })
}

// with gives a set in which the names have the values; it may be v itself.
func (v *variables) with(names, values []string) *variables {
	if v.has(names, values) {
		return v
	}
	next := &variables{list: slices.Clone(v.all())}
	for i, name := range names {
		at, found := find(next.list, name)
		if !found {
			next.list = slices.Insert(next.list, at, variable{name: name})
		}
		next.list[at].value = values[i]
	}
	for _, one := range next.list {
		next.size += len(one.name) + len(one.value)
	}
	return next
}

func (v *variables) has(names, values []string) bool {
	for i, name := range names {
		if value, ok := v.get(name); !ok || value != values[i] {
			return false
		}
	}
	return true
}
