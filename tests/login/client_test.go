package login

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// attempt is one login and what to ask afterwards.
type attempt struct {
	Host     string  `json:"host"`
	Port     int     `json:"port"`
	Socket   string  `json:"socket,omitempty"`
	User     string  `json:"user"`
	Password string  `json:"password"`
	Schema   string  `json:"schema,omitempty"`
	CA       string  `json:"ca,omitempty"` // with it, the client insists on TLS and verifies the server
	Cert     string  `json:"cert,omitempty"`
	Key      string  `json:"key,omitempty"`
	Query    string  `json:"query"`
	Change   *change `json:"change,omitempty"`
	Compress bool    `json:"compress,omitempty"` // known to mysql2 alone
}

// change is whom to become after the login.
type change struct {
	User     string `json:"user"`
	Password string `json:"password"`
	Schema   string `json:"schema,omitempty"`
}

// result is what a client tells its application. Code 0 is an error of the client itself;
// State is empty where the client's library does not show it.
type result struct {
	Rows    [][]string `json:"rows"`
	Code    int        `json:"code"`
	State   string     `json:"state"`
	Message string     `json:"message"`
}

func (r result) ok() bool { return r.Rows != nil }

func (r result) String() string {
	switch {
	case r.ok():
		rows := make([]string, len(r.Rows))
		for i, row := range r.Rows {
			rows[i] = strings.Join(row, " ")
		}
		return strings.TrimSpace("ok " + strings.Join(rows, "; "))
	case r.Code == 0:
		return "client: " + r.Message
	case r.State == "":
		return fmt.Sprintf("%d %s", r.Code, r.Message)
	}
	return fmt.Sprintf("%d (%s) %s", r.Code, r.State, r.Message)
}

// client is a program or library that logs in.
type client interface {
	name() string
	login(context.Context, attempt) (result, error) // the error is for a broken test
}

// attemptWait bounds one login, which every server answers at once.
const attemptWait = 30 * time.Second

func try(t *testing.T, c client, a attempt) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), attemptWait)
	defer cancel()
	if a.Host == "" {
		a.Host = "127.0.0.1"
	}
	if a.Query == "" {
		a.Query = whoami
	}
	r, err := c.login(ctx, a)
	if err != nil {
		t.Fatalf("%s: %v", c.name(), err)
	}
	r.Message = strings.ReplaceAll(r.Message, fmt.Sprintf(":%d", a.Port), ":PORT")
	r.Message = strings.ReplaceAll(r.Message, fmt.Sprintf("(%d)", a.Port), "(PORT)")
	return r
}

// whoami shows what the login settled.
const whoami = "SELECT CURRENT_USER(), IFNULL(DATABASE(), '-'), @@character_set_client, @@collation_connection"

// allClients are the four of the matrix; one that is not on the machine is left out, which
// is said, or fails the test where servers are required.
func allClients(t *testing.T) []client {
	t.Helper()
	all := []client{goDriver{}}
	for _, get := range []func() (client, error){commandLine, pyMySQL, mysql2} {
		c, err := get()
		if err != nil {
			leftOut(t, err)
			continue
		}
		all = append(all, c)
	}
	return all
}
