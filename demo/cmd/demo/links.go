package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// passed is what one link made of a command.
type passed struct {
	link, verdict string
	took          time.Duration
}

// tally is how often each link came to each verdict so far, and its time in seconds, and
// what the router did: what dbmesh's metrics say. The demo sends one command at a time, so the difference of two
// tallies is what that command met.
type tally struct {
	verdicts map[[2]string]float64 // link and verdict
	seconds  map[string]float64
	sessions map[string]float64    // by backend
	rules    map[[2]string]float64 // commands by the router's rule and the pool where they went
	hints    float64               // that were followed
}

var (
	connections = regexp.MustCompile(`^dbmesh_backend_sessions\{.*backend="([^"]+)".*\} (\S+)$`)
	ruled       = regexp.MustCompile(`^dbmesh_router_commands_total\{.*pool="([^"]+)",rule="(\d+)"\} (\S+)$`)
	hinted      = regexp.MustCompile(`^dbmesh_router_hints_total\{.*result="followed"\} (\S+)$`)
	sample      = regexp.MustCompile(`^dbmesh_core_link_(verdicts|seconds)_total\{.*link="([^"]+)"(?:,verdict="([^"]+)")?\} (\S+)$`)
)

func (s *sidecar) tally(ctx context.Context) (*tally, error) {
	t := &tally{
		verdicts: map[[2]string]float64{}, seconds: map[string]float64{},
		sessions: map[string]float64{}, rules: map[[2]string]float64{},
	}
	body, err := s.get(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(body)); lines.Scan(); {
		if err := t.add(lines.Text()); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return t, nil
}

func (t *tally) add(line string) (err error) {
	if m := connections.FindStringSubmatch(line); m != nil {
		t.sessions[m[1]], err = strconv.ParseFloat(m[2], 64)
		return err
	}
	if m := ruled.FindStringSubmatch(line); m != nil {
		t.rules[[2]string{m[2], m[1]}], err = strconv.ParseFloat(m[3], 64)
		return err
	}
	if m := hinted.FindStringSubmatch(line); m != nil {
		t.hints, err = strconv.ParseFloat(m[1], 64)
		return err
	}
	m := sample.FindStringSubmatch(line)
	if m == nil {
		return nil
	}
	v, err := strconv.ParseFloat(m[4], 64)
	if m[1] == "seconds" {
		t.seconds[m[2]] = v
	} else {
		t.verdicts[[2]string{m[2], m[3]}] = v
	}
	return err
}

// dialled names the backend that has got a session since before, "" if none has.
func (t *tally) dialled(before *tally) string {
	for backend, n := range t.sessions {
		if n > before.sessions[backend] {
			return backend
		}
	}
	return ""
}

// since lists what the links did between the two tallies, in the order of the chain.
func (t *tally) since(before *tally, chain []string) []passed {
	var all []passed
	for _, link := range chain {
		for _, verdict := range []string{"pass", "answer", "deny", "broke"} {
			key := [2]string{link, verdict}
			if t.verdicts[key] > before.verdicts[key] {
				took := time.Duration((t.seconds[link] - before.seconds[link]) * float64(time.Second))
				all = append(all, passed{link, verdict, took})
			}
		}
	}
	return all
}

// chain asks for the names of the links in force.
func (s *sidecar) chain(ctx context.Context) ([]string, error) {
	body, err := s.get(ctx, "/api/v1/chains")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Chains []struct {
			Links []string `json:"links"`
		} `json:"chains"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("chains: %w", err)
	}
	if len(answer.Chains) == 0 {
		return nil, fmt.Errorf("chains: none in %s", strings.TrimSpace(string(body)))
	}
	return answer.Chains[0].Links, nil
}
