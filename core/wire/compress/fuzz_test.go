package compress

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/dbmesh/dbmesh/core/wire"
)

// FuzzRead gives hostile bytes to both ends: no panic, no more memory than they claim,
// and the same bytes however they are cut.
func FuzzRead(f *testing.F) {
	for _, a := range []Algorithm{Zlib, Zstd} {
		for _, lie := range lies(f, a) {
			f.Add(lie, uint8(a), uint64(1))
		}
		f.Add(compressed(f, a, 0, packet(0, bytes.Repeat([]byte{3}, 500)), 504), uint8(a), uint64(2))
	}
	f.Fuzz(func(t *testing.T, sent []byte, a uint8, seed uint64) {
		alg := Zlib + Algorithm(a%2)
		for _, serves := range []bool{true, false} {
			whole, claimed, err := decode(sent, alg, serves, nil)
			cut, _, cutErr := decode(sent, alg, serves, rand.New(rand.NewPCG(seed, 1)))
			if !bytes.HasPrefix(cut, whole) && !bytes.HasPrefix(whole, cut) || err == io.EOF && !bytes.Equal(whole, cut) {
				t.Fatalf("%d bytes at once, others in portions of %d", len(whole), len(cut))
			}
			if err == nil || cutErr == nil {
				t.Fatal("no end")
			}
			if len(whole) > claimed {
				t.Fatalf("%d bytes came out of packets that claim %d", len(whole), claimed)
			}
		}
	})
}

func decode(sent []byte, a Algorithm, serves bool, cut *rand.Rand) (out []byte, claimed int, err error) {
	for b := sent; len(b) >= headerLen; {
		n := wire.PayloadLen(b)
		claimed += max(n, wire.PayloadLen(b[4:]))
		b = b[headerLen+min(n, len(b)-headerLen):]
	}
	in := bytes.Clone(sent)
	s := Client(&pipe{in: &in, out: new([]byte), rand: cut, ended: true}, &Codecs{}, a)
	s.numbers.serves = serves
	defer s.Close()
	b := make([]byte, 1500)
	for {
		n, err := s.Read(b)
		out = append(out, b[:n]...)
		if err != nil && err != errAgain {
			return out, claimed, err
		}
	}
}

// FuzzDialogue sends commands and answers of any sizes through both ends.
func FuzzDialogue(f *testing.F) {
	f.Add([]byte("\x03select 1"), []byte{0, 0, 0, 2, 0, 0, 0}, uint16(1), uint8(1), uint64(1))
	f.Add(bytes.Repeat([]byte{3}, 3000), []byte("row"), uint16(900), uint8(2), uint64(2))
	f.Fuzz(func(t *testing.T, command, answer []byte, repeat uint16, a uint8, seed uint64) {
		if len(command) == 0 || !wire.HasResponse(command[0]) || len(answer) == 0 || answer[0] == wire.HeaderInfile {
			return
		}
		r := rand.New(rand.NewPCG(seed, 2))
		client, server, _, _ := pair(Zlib+Algorithm(a%2), r)
		defer client.Close()
		defer server.Close()
		for range 3 {
			cmd := packet(0, bytes.Repeat(command, 1+int(repeat)%40))
			send(t, client, cmd)
			if got := readAll(t, server, len(cmd)); !bytes.Equal(got, cmd) {
				t.Fatal("the command has changed")
			}
			var reply []byte
			for seq := range 1 + int(repeat)%260 {
				reply = append(reply, packet(byte(seq+1), answer)...)
			}
			for rest := reply; len(rest) > 0; {
				n := 1 + r.IntN(min(len(rest), 4096))
				send(t, server, rest[:n])
				rest = rest[n:]
			}
			if got := readAll(t, client, len(reply)); !bytes.Equal(got, reply) {
				t.Fatal("the reply has changed")
			}
		}
	})
}

func TestHostileBytesTakeNoMoreMemoryThanTheyClaim(t *testing.T) {
	for _, a := range []Algorithm{Zlib, Zstd} {
		for what, lie := range lies(t, a) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, claimed, err := decode(lie, a, true, nil)
			runtime.ReadMemStats(&after)
			if errors.Is(err, io.EOF) {
				t.Errorf("%s: %v", what, err)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > uint64(4*claimed)+1<<20 {
				t.Errorf("a packet that %s took %d bytes and claims %d", what, took, claimed)
			}
		}
	}
}
