package core

// Verdict is what a filter decides. The zero value means "go on" with the next link.
type Verdict struct {
	reply *Reply
	ends  bool
}

// Continue is the zero Verdict with a name.
func Continue() Verdict { return Verdict{} }

// Answer replies to the client now; later links and the backend are skipped. In the
// connection phase an answer that is not an error is ignored, for a login can't be
// granted by a filter. The reply must not be changed afterwards: it may be shared by
// any number of sessions.
func Answer(r *Reply) Verdict { return Verdict{reply: r} }

// Deny answers with an ERR packet. In the connection phase the session then ends.
// The message should name the filter, the rule and what to do about it.
func Deny(code uint16, sqlState, message string) Verdict {
	return Answer(&Reply{Err: &Error{Code: code, State: sqlState, Message: message}})
}

// Disconnect is Deny that ends the session behind its error, also in the command phase.
func Disconnect(code uint16, sqlState, message string) Verdict {
	v := Deny(code, sqlState, message)
	v.ends = true
	return v
}

// Ends says whether the session ends behind the reply.
func (v Verdict) Ends() bool { return v.ends }

// Reply is what the filter wants to answer, nil for "go on".
func (v Verdict) Reply() *Reply { return v.reply }

// Denied says whether the verdict is an error for the client.
func (v Verdict) Denied() bool { return v.reply != nil && v.reply.Err != nil }

// Decision is a verdict's kind, as metrics and logs name it.
type Decision uint8

// The decisions that a link can come to. Broke means that the filter returned an error
// or panicked; what then happens is the link's Policy.
const (
	Passed Decision = iota
	Answered
	Denied
	Broke
	Decisions // how many there are
)

var decisionNames = [Decisions]string{"pass", "answer", "deny", "broke"}

func (d Decision) String() string {
	if d < Decisions {
		return decisionNames[d]
	}
	return "unknown"
}

func (v Verdict) decision() Decision {
	switch {
	case v.reply == nil:
		return Passed
	case v.reply.Err != nil:
		return Denied
	}
	return Answered
}
