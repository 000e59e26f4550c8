package compress

import (
	"bytes"
	"slices"
	"testing"

	"github.com/dbmesh/dbmesh/core/wire"
)

func send(t testing.TB, s *Stream, b []byte) {
	t.Helper()
	if _, err := s.Write(b); err != nil {
		t.Fatal(err)
	}
}

func sameNumbers(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestEachCommandBeginsACompressedPacketWithNumberZero(t *testing.T) {
	client, server, up, down := pair(Zlib, nil)
	three := slices.Concat(packet(0, []byte("\x19\x01\x00\x00\x00")), packet(0, []byte("\x03set a")), packet(0, []byte("\x03select 1")))
	send(t, client, three)
	numbers, _ := outer(t, *up)
	sameNumbers(t, "commands", numbers, []byte{0, 0, 0})
	readAll(t, server, len(three))
	send(t, server, packet(1, []byte{0}))
	send(t, server, packet(1, []byte{0}))
	numbers, _ = outer(t, *down)
	sameNumbers(t, "answers", numbers, []byte{1, 2})
	if got := inner(t, readAll(t, client, 10)); !slices.Equal(got, []byte{1, 2}) {
		// Both came as one answer by their compressed numbers.
		t.Errorf("frames of answers: %v", got)
	}
}

func TestAServerAnswersPipelinedCommandsWithNumbersOfTheirOwn(t *testing.T) {
	client, server, _, down := pair(Zlib, nil)
	send(t, client, packet(0, []byte("\x03set a")))
	send(t, client, packet(0, []byte("\x03set b")))
	b := make([]byte, 1000)
	for range 2 {
		if n, err := server.Read(b); err != nil || n != 10 {
			t.Fatal(n, err)
		}
		send(t, server, packet(1, []byte{0}))
	}
	numbers, _ := outer(t, *down)
	sameNumbers(t, "answers", numbers, []byte{1, 1})
	sameNumbers(t, "frames of answers", inner(t, readAll(t, client, 10)), []byte{1, 1})
}

func TestALongCommandGoesOnNumberingAndItsAnswerIsNumberedAsWithoutCompression(t *testing.T) {
	client, server, up, _ := pair(Zlib, nil)
	long := packet(0, bytes.Repeat([]byte{3}, 1_000_000))
	send(t, client, long)
	numbers, _ := outer(t, *up)
	sameNumbers(t, "command", numbers, []byte{0, 1, 2, 3, 4, 5, 6, 7})
	readAll(t, server, len(long))
	// What MariaDB does: frames of the answer go on from the compressed packets.
	send(t, server, packet(8, []byte{0}))
	sameNumbers(t, "answer", inner(t, readAll(t, client, 5)), []byte{1})
}

func TestAnswersBehindAFlushAreNumberedOn(t *testing.T) {
	client, server, _, _ := pair(Zlib, nil)
	cmd := packet(0, []byte("\x03select 1; select 2"))
	send(t, client, cmd)
	readAll(t, server, len(cmd))
	first := slices.Concat(packet(1, []byte{1}), packet(2, []byte("def")), packet(3, []byte{0xfe, 0, 0, 0, 0}))
	second := slices.Concat(packet(2, []byte{1}), packet(3, []byte("def")), packet(4, []byte{0xfe, 0, 0, 0, 0}))
	send(t, server, first)
	send(t, server, second)
	got := readAll(t, client, len(first)+len(second))
	sameNumbers(t, "frames", inner(t, got), []byte{1, 2, 3, 4, 5, 6})
}

func TestFramesOfALongCommandAreNumberedForClientsThatDoNot(t *testing.T) {
	up := new([]byte)
	var c Codecs
	libmariadb := &Stream{rw: &pipe{in: new([]byte), out: up}, codecs: &c, algorithm: Zlib}
	libmariadb.numbers.serves = true // its frames are sent as they are
	server := Server(&pipe{in: up, out: new([]byte)}, &c, Zlib, nil)
	long := packet(0, bytes.Repeat([]byte{3}, wire.MaxPayload+100))
	zeroed := bytes.Clone(long)
	zeroed[wire.HeaderLen+wire.MaxPayload+3] = 0
	send(t, libmariadb, zeroed)
	if got := readAll(t, server, len(long)); !bytes.Equal(got, long) {
		t.Error("the second frame of the command has not number 1")
	}
}

func TestACommandHasNumberZeroWhateverItsClientSays(t *testing.T) {
	sent := slices.Concat(header(10, 0, 0, packet(7, []byte("\x03set a"))))
	server := Server(&pipe{in: &sent, out: new([]byte)}, &Codecs{}, Zlib, nil)
	sameNumbers(t, "command", inner(t, readAll(t, server, 10)), []byte{0})
}

func TestAClientsFileIsNumberedOnBeyond255(t *testing.T) {
	client, server, up, down := pair(Zlib, nil)
	send(t, client, packet(0, []byte("\x03load data local")))
	readAll(t, server, 20)
	send(t, server, packet(1, []byte("\xfbfile")))
	sameNumbers(t, "request", inner(t, readAll(t, client, 9)), []byte{1})
	*up, *down = nil, nil
	var want []byte
	seq := byte(2)
	for range 600 {
		part := packet(seq, []byte("line"))
		send(t, client, part)
		numbers, _ := outer(t, *up)
		sameNumbers(t, "part of the file", numbers, []byte{seq})
		(*up)[headerLen+3] = 0 // as clients may that number their frames otherwise
		want = append(want, seq)
		sameNumbers(t, "frame of the file", inner(t, readAll(t, server, len(part))), []byte{seq})
		*up = nil
		seq++
	}
	send(t, client, packet(seq, nil))
	readAll(t, server, 4)
	send(t, server, packet(seq+1, []byte{0}))
	numbers, _ := outer(t, *down)
	sameNumbers(t, "answer", numbers, []byte{seq + 1})
	sameNumbers(t, "frame of the answer", inner(t, readAll(t, client, 5)), []byte{seq + 1})
	*up = nil
	send(t, client, packet(0, []byte("\x03select 1")))
	numbers, _ = outer(t, *up)
	sameNumbers(t, "next command", numbers, []byte{0})
	if len(want) != 600 {
		t.Error(len(want))
	}
}

func TestAnExchangeWithinACommandIsNumberedOn(t *testing.T) {
	client, server, up, down := pair(Zlib, nil)
	send(t, client, packet(0, []byte("\x11user")))
	readAll(t, server, 9)
	send(t, server, packet(1, []byte("\xfeplugin")))
	readAll(t, client, 11)
	*up = nil
	send(t, client, packet(2, []byte("answer")))
	numbers, _ := outer(t, *up)
	sameNumbers(t, "answer to the plugin", numbers, []byte{2})
	sameNumbers(t, "its frame", inner(t, readAll(t, server, 10)), []byte{2})
	*down = nil
	send(t, server, packet(3, []byte{0}))
	numbers, _ = outer(t, *down)
	sameNumbers(t, "final OK", numbers, []byte{3})
}

func TestEmptyPacketsBetweenAnswersAreNoAnswers(t *testing.T) {
	client, server, up, down := pair(Zlib, nil)
	for range 3 {
		*up = nil
		cmd := packet(0, []byte("\x03select 1"))
		send(t, client, cmd)
		readAll(t, server, len(cmd))
		send(t, server, packet(1, []byte{0}))
		*down = append(*down, header(0, 2, 0, nil)...) // as TiDB sends when it flushes twice
		sameNumbers(t, "answer", inner(t, readAll(t, client, 5)), []byte{1})
	}
}
