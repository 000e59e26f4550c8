package replay

import (
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
)

// served gives the frames in the order in which a server meets them. A client that sends
// several commands at once records them before all their answers; a server, and a proxy
// that takes one command after the other, answers the first before it sees the second.
func served(frames []dialogue.Frame) []dialogue.Frame {
	var out []dialogue.Frame
	for len(frames) > 0 {
		commands, rest := take(frames, func(f *dialogue.Frame) bool { return !f.FromServer })
		answers, rest := take(rest, func(f *dialogue.Frame) bool { return f.FromServer })
		frames = rest
		for len(commands) > 0 {
			var one []dialogue.Frame
			first := true
			one, commands = take(commands, func(f *dialogue.Frame) bool {
				begins := f.Seq == 0 && !first
				first = false
				return !begins
			})
			var answer []dialogue.Frame
			switch {
			case len(commands) == 0:
				answer = answers
			case answered(one):
				answer, answers = firstAnswer(answers)
			}
			if carried(one) {
				out = append(append(out, one...), answer...)
			}
		}
	}
	return out
}

// Carried says whether a proxy hands every command of the recording on.
func Carried(r *dialogue.Recording) bool {
	for _, f := range r.Said.Frames {
		if !f.FromServer && f.Seq == 0 && !carried([]dialogue.Frame{f}) {
			return false
		}
	}
	return true
}

// carried says whether a proxy hands the command on: unknown ones it answers itself.
func carried(command []dialogue.Frame) bool {
	p := command[0].Payload
	return command[0].Seq != 0 || len(p) > 0 && core.Code(p[0]).Known()
}

// take splits frames where belongs first says no.
func take(frames []dialogue.Frame, belongs func(*dialogue.Frame) bool) (taken, rest []dialogue.Frame) {
	n := 0
	for n < len(frames) && belongs(&frames[n]) {
		n++
	}
	return frames[:n], frames[n:]
}

// firstAnswer splits the answers to several commands behind the first: the next begins
// where the sequence numbers do.
func firstAnswer(frames []dialogue.Frame) (first, rest []dialogue.Frame) {
	n := min(1, len(frames))
	for n < len(frames) && frames[n].Seq == frames[n-1].Seq+1 {
		n++
	}
	return frames[:n], frames[n:]
}

// answered says whether a command has an answer at all.
func answered(command []dialogue.Frame) bool {
	if command[0].Seq != 0 || len(command[0].Payload) == 0 { // a file, or an empty packet
		return true
	}
	switch command[0].Payload[0] {
	case 0x01, 0x18, 0x19: // quit, send long data, close
		return false
	}
	return true
}
