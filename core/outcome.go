package core

import "time"

// Side says whose fault an error is. It decides what the client is told, what is logged
// and whether the backend's health is in question.
type Side uint8

// The sides. Nobody is the side of a command that went well.
const (
	Nobody Side = iota
	Client
	Proxy
	Server // the backend
	FilterSide
)

var sideNames = [...]string{"", "client", "proxy", "backend", "filter"}

func (s Side) String() string {
	if int(s) < len(sideNames) {
		return sideNames[s]
	}
	return "unknown"
}

// Outcome is how a command ended. It is valid, like its Command, until the last OnDone
// hook returns.
type Outcome struct {
	Err   *Error // what the client was told, nil if the command went well
	Cause error  // the reason inside dbmesh, never shown to the client; nil if there is none
	Side  Side   // whose fault Err or Cause is

	Rows     uint64 // rows sent to the client
	Affected uint64 // rows changed, as the backend's last OK says
	Warnings uint16
	Status   uint16 // server status flags of the last OK or EOF
	BytesIn  uint64 // from the client, headers included
	BytesOut uint64 // to the client, headers included

	Wait    time.Duration // for a backend connection
	Filters time.Duration // in the links' OnCommand
	Backend time.Duration // from the command's dispatch to the end of the answer, less Send
	Send    time.Duration // spent waiting for a client slow to take the answer
}

// Total is the time from the command's first byte to the end of its answer. OnDone hooks
// run right behind that end, so the command began at about time.Now().Add(-o.Total()).
func (o *Outcome) Total() time.Duration {
	return o.Wait + o.Filters + o.Backend + o.Send
}
