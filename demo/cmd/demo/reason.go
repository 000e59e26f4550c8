package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// facts is what dbmesh knows of a statement, as far as the demo shows it.
type facts struct {
	ReadSafe bool   `json:"read_safe"`
	Reason   string `json:"read_reason"`
}

func (f facts) String() string {
	if f.ReadSafe {
		return "read-safe: " + f.Reason
	}
	return "not read-safe: " + f.Reason
}

// explain asks dbmesh what it knows of a statement.
func (s *sidecar) explain(ctx context.Context, sql string) (facts, error) {
	var answer struct {
		Facts facts `json:"facts"`
	}
	body, err := s.ask(ctx, http.MethodPost, "/api/v1/explain?flavour=mysql", strings.NewReader(sql))
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	if err != nil {
		return facts{}, fmt.Errorf("explain %s: %w", sql, err)
	}
	return answer.Facts, nil
}

// settled waits until what dbmesh counts of the last command is complete, and gives why
// the session can't leave its backend, "" if it can. Whoever runs a session is the one who
// tells of it, between two commands.
func (s *sidecar) settled(ctx context.Context, session uint32) (pinned string, err error) {
	var answer struct {
		Sessions []struct {
			ID     uint32 `json:"id"`
			Pinned string `json:"pinned"`
		} `json:"sessions"`
	}
	body, err := s.get(ctx, "/api/v1/sessions")
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	if err != nil {
		return "", fmt.Errorf("sessions: %w", err)
	}
	for _, one := range answer.Sessions {
		if one.ID == session {
			pinned = one.Pinned
		}
	}
	return pinned, nil
}

// targets are the pools that the router's rules about commands name. A tally from before
// the first command has no others: where commands had to stay is counted when they do.
func (t *tally) targets() map[string]string {
	all := map[string]string{}
	for key := range t.rules {
		all[key[0]] = key[1]
	}
	return all
}

// routed says by what the router chose the pool where a command of a session went.
func (t *tally) routed(before *tally, targets map[string]string, pool, pinned string) string {
	if t.hints > before.hints {
		return "its hint sends it to " + pool
	}
	for key, n := range t.rules {
		rule, went := key[0], key[1]
		switch {
		case n == before.rules[key]:
		case targets[rule] == went:
			return fmt.Sprintf("rule %s sends it to %s", rule, went)
		case pinned != "":
			return fmt.Sprintf("rule %s matches, but the session is pinned to %s: %s", rule, went, pinned)
		default:
			return fmt.Sprintf("rule %s matches, but the session must stay with %s", rule, went)
		}
	}
	return "no rule matches, it stays with " + pool
}
