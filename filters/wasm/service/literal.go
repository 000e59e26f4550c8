package service

import (
	"bytes"
	"slices"
)

// fewLiterals is up to how many texts it is faster to look for each on its own.
const fewLiterals = 6

func newLiterals(lines []string, fold bool) matcher {
	if len(lines) <= fewLiterals && !fold {
		f := few{}
		for _, l := range lines {
			f = append(f, []byte(l))
		}
		return f
	}
	return newAutomaton(lines, fold)
}

// few looks for one text after the other, with the machine's vector instructions.
type few [][]byte

func (f few) match(text []byte, p Payer) int {
	pay(p, len(f)*(10+len(text)/2))
	return slices.IndexFunc(f, func(p []byte) bool { return len(p) > 0 && bytes.Contains(text, p) })
}

// automaton is Aho and Corasick's: a trie of all texts whose nodes know where to go on when
// the next byte does not fit. It passes over a text once, whatever the number of texts.
type automaton struct {
	fold  [256]byte
	root  [256]uint32 // the edges of node 0; 0 leads back to it
	begin [256]uint32 // the same by bytes that were not folded
	nodes []node
	label []byte   // of edges
	to    []uint32 // where they lead
}

type node struct {
	first, last uint32 // its edges, by label
	fail        uint32 // the longest other node that is an end of this one's text
	best        int32  // the first line that ends here, -1 for none
}

func newAutomaton(lines []string, fold bool) *automaton {
	a := &automaton{}
	for i := range a.fold {
		a.fold[i] = byte(i)
		if fold && 'A' <= i && i <= 'Z' {
			a.fold[i] += 'a' - 'A'
		}
	}
	a.flatten(a.trie(lines))
	for b := range a.begin {
		a.begin[b] = a.root[a.fold[b]]
	}
	a.connect()
	return a
}

// branch is a node of the trie while it grows: children hang in a list. Node 0 is nobody's
// child.
type branch struct {
	child, sibling uint32
	best           int32
	label          byte
}

func (a *automaton) trie(lines []string) []branch {
	t := []branch{{best: -1}}
	for i, line := range lines {
		at := uint32(0)
		for j := range len(line) {
			b := a.fold[line[j]]
			next := t[at].child
			for next != 0 && t[next].label != b {
				next = t[next].sibling
			}
			if next == 0 {
				next = uint32(len(t))
				t = append(t, branch{sibling: t[at].child, best: -1, label: b})
				t[at].child = next
			}
			at = next
		}
		if at != 0 && t[at].best < 0 {
			t[at].best = int32(i)
		}
	}
	return t
}

func (a *automaton) flatten(t []branch) {
	a.nodes = make([]node, len(t))
	for i := range t {
		first := len(a.to)
		for c := t[i].child; c != 0; c = t[c].sibling {
			a.to = append(a.to, c)
			if i == 0 {
				a.root[t[c].label] = c
			}
		}
		slices.SortFunc(a.to[first:], func(c, d uint32) int { return int(t[c].label) - int(t[d].label) })
		for _, c := range a.to[first:] {
			a.label = append(a.label, t[c].label)
		}
		a.nodes[i] = node{first: uint32(first), last: uint32(len(a.to)), best: t[i].best}
	}
}

// connect finds the nodes' fail links, those nearer to the root first, for they build on
// each other.
func (a *automaton) connect() {
	queue := slices.DeleteFunc(slices.Clone(a.root[:]), func(n uint32) bool { return n == 0 })
	for ; len(queue) > 0; queue = queue[1:] {
		n := &a.nodes[queue[0]]
		for e := n.first; e < n.last; e++ {
			child := &a.nodes[a.to[e]]
			child.fail = a.step(n.fail, a.label[e])
			if other := a.nodes[child.fail].best; other >= 0 && (child.best < 0 || other < child.best) {
				child.best = other
			}
			queue = append(queue, a.to[e])
		}
	}
}

// fewEdges is up to how many it is faster to look at each.
const fewEdges = 8

// step goes on from a node with a byte that was folded.
func (a *automaton) step(at uint32, b byte) uint32 {
	for at != 0 {
		n := &a.nodes[at]
		e, last := n.first, n.last
		for last-e > fewEdges {
			if middle := (e + last) / 2; a.label[middle] > b {
				last = middle
			} else {
				e = middle
			}
		}
		for ; e < last; e++ {
			if a.label[e] == b {
				return a.to[e]
			}
		}
		at = n.fail
	}
	return a.root[b]
}

func (a *automaton) match(text []byte, p Payer) int {
	pay(p, 10+6*len(text))
	found, at := int32(-1), uint32(0)
	for i := 0; i < len(text); i++ {
		if at == 0 { // most of a text is here
			for i < len(text) && a.begin[text[i]] == 0 {
				i++
			}
			if i == len(text) {
				break
			}
			at = a.begin[text[i]]
		} else {
			at = a.step(at, a.fold[text[i]])
		}
		if best := a.nodes[at].best; best >= 0 && (found < 0 || best < found) {
			if found = best; found == 0 {
				break
			}
		}
	}
	return int(found)
}

func (f few) memory() int { return 32 * len(f) }

func (a *automaton) memory() int { return 2048 + 16*len(a.nodes) + 5*len(a.to) }
