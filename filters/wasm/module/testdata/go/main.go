// Command main is a guest for comparing Go's code with and without its fuel counted.
package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var word = regexp.MustCompile(`(?i)[a-z]+\s*\(\d+\)`)

type request struct {
	N     int      `json:"n"`
	Names []string `json:"names"`
}

// check does what real filters do: formats, parses, matches, sorts, allocates, recurses.
//
//go:wasmexport check
func check(n int32) int64 {
	text := fmt.Sprintf(`{"n":%d,"names":["sleep (%d)","benchmark(%d)",%q]}`, n, n, n*n, strings.Repeat("x", int(n)))
	var r request
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		panic(err)
	}
	slices.Sort(r.Names)
	sum := int64(fib(n % 16))
	for _, name := range r.Names {
		for _, found := range word.FindAllString(name, -1) {
			sum = sum*31 + int64(len(found))
		}
		for _, c := range []byte(name) {
			sum = sum*31 + int64(c)
		}
	}
	if n%10 == 9 {
		sum /= int64(n - 9) // traps at 9
	}
	return sum + int64(r.N)
}

func fib(n int32) int32 {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

// scan is the tightest loop over bytes that Go makes.
//
//go:wasmexport scan
func scan(n int32) int64 {
	var sum int64
	for i := int32(0); i < n; i++ {
		sum = sum*31 + int64(bytes[i%1024])
	}
	return sum
}

var bytes = [1024]byte{1, 2, 3, 1023: 4}

func main() {}
