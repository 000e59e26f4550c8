package admin

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/dbmesh/dbmesh/core/explain"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// Modes knows how the servers of live sessions read texts. It is asked by any number of
// goroutines.
type Modes interface {
	// Mode is that of the session with the id, and its default schema; ok is false if
	// there is no such session, or it has not logged in yet.
	Mode(id uint32) (m stmt.Mode, schema string, ok bool)
}

// explainAny explains the text in the request's body, read as the parameters say.
func (s *Server) explainAny(r *http.Request, sql []byte) (*explain.Report, int, error) {
	q := r.URL.Query()
	d := explain.Dialect{}
	for key := range q {
		switch key {
		case "flavour":
			d.Flavour = q.Get(key)
		case "version":
			d.Version = q.Get(key)
		case "sql_mode":
			d.SQLMode = q.Get(key)
		case "charset":
			d.Charset = q.Get(key)
		default:
			return nil, http.StatusBadRequest, fmt.Errorf("there is no parameter %q, only flavour, version, sql_mode and charset", key)
		}
	}
	report, err := explain.Text(d, sql)
	return report, http.StatusBadRequest, err
}

// explainLive explains the text as the session in the path would have it read.
func (s *Server) explainLive(r *http.Request, sql []byte) (*explain.Report, int, error) {
	if len(r.URL.RawQuery) > 0 {
		return nil, http.StatusBadRequest, errors.New("the session says how to read the text; there are no parameters")
	}
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 32)
	if err != nil {
		return nil, http.StatusNotFound, fmt.Errorf("there is no session %q", r.PathValue("id"))
	}
	m, schema, ok := s.o.Modes.Mode(uint32(id))
	if !ok {
		return nil, http.StatusNotFound, fmt.Errorf("there is no session %d", id)
	}
	return explain.Live(explain.Session{ID: uint32(id), Schema: schema}, m, sql), 0, nil
}

// explains reads a request's body for what explains it. Foreign pages in a browser are kept
// out: they can't read the answer, but could keep a processor busy.
func (s *Server) explains(answer func(*http.Request, []byte) (*explain.Report, int, error)) http.Handler {
	guard := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			s.refuse(w, http.StatusMethodNotAllowed, errors.New("send the text by POST"))
			return
		}
		if err := guard.Check(r); err != nil {
			s.refuse(w, http.StatusForbidden, err)
			return
		}
		sql, err := io.ReadAll(http.MaxBytesReader(w, r.Body, explain.MaxText))
		if err != nil {
			status := http.StatusBadRequest
			if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
				status = http.StatusRequestEntityTooLarge
			}
			s.refuse(w, status, err)
			return
		}
		report, status, err := answer(r, sql)
		if err != nil {
			s.refuse(w, status, err)
			return
		}
		s.document(w, http.StatusOK, report)
	})
}

func (s *Server) refuse(w http.ResponseWriter, status int, err error) {
	s.document(w, status, map[string]string{"error": err.Error()})
}

// document answers with an indented document: it is read by people as often as by programs.
func (s *Server) document(w http.ResponseWriter, status int, doc any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := explain.WriteJSON(w, doc); err != nil {
		s.o.Log.Debug("answering over HTTP failed", "error", err)
	}
}
