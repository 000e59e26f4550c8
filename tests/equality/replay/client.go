package replay

import (
	"context"
	"fmt"
	"io"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
)

// KeyAttr is the connection attribute by which a backend, or whoever stands between, knows
// the script to play.
const KeyAttr = "replay"

// Target is an address with the key of a script.
func Target(addr, key string) dialogue.Target {
	return dialogue.Target{Addr: addr, User: "replay", Password: "x", Schema: "app", Attrs: wire.AppendAttr(nil, KeyAttr, key)}
}

// Client plays the client's side of a recording against a server or a proxy. It returns
// how many right bytes it got, and nil if the dialogue went to its end with every byte as
// recorded. When it has cut the connection by itself that is ErrCut.
func Client(ctx context.Context, to dialogue.Target, rec *dialogue.Recording, cut Cut) (got int, err error) {
	conn, err := dialogue.Login(ctx, to, rec.Caps)
	if err != nil {
		return 0, fmt.Errorf("log in: %w", err)
	}
	defer conn.Conn.Close()
	if a, b := conn.Caps.Class(), rec.Caps.Class(); a != b {
		return 0, fmt.Errorf("capabilities %#x were agreed, recorded %#x", uint64(a), uint64(b))
	}
	s := side{conn: conn.Conn, in: conn.In, cut: cut}
	if err := s.play(runs(rec.Said.Frames)); err != nil {
		return s.got, err
	}
	return s.got, s.await()
}

// await waits for the other side's end of the connection.
func (s *side) await() error {
	var b [1]byte
	n, err := s.in.Read(b[:])
	if n > 0 {
		return &DifferenceError{At: s.got, Got: b[0], Behind: true}
	}
	if err == io.EOF || isReset(err) {
		return nil
	}
	return fmt.Errorf("read: %w", err)
}
