package live

import (
	"strings"
	"testing"
)

// Where the id can't be put for sure the server gets the client's own bytes.
func TestTextsThatOnlyLookLikeConnectionIdAreLeftAlone(t *testing.T) {
	m, cluster := hinted(t)
	c := session(t, app(t, m.addr(), params))
	direct := session(t, app(t, cluster.Nodes[0].Addr, params))
	for _, sql := range []string{
		"SELECT CONNECTION_ID/*! ( */)", "SELECT CONNECTION_ID( -- x\n)", "SELECT CONNECTION_ID(" + strings.Repeat(" ", 300) + ")",
		"SELECT CONNECTION_ID(# x\n)", "SELECT CONNECTION_ID(/* x */)",
	} {
		if through, own := columns(t, c, sql), columns(t, direct, sql); through != own {
			t.Errorf("%.60q: columns %.200s, the server's own are %.200s", sql, through, own)
		}
	}
	run(t, c, "SELECT CONNECTION_ID() INTO @mine")
	if got := value(t, c, "SELECT @mine = CONNECTION_ID() + 0"); got != "1" {
		t.Error("a variable's id is not the one of an expression")
	}
	// In gbk 0xbf5c is one character, so that the string ends behind it; else a call would follow.
	run(t, c, "SET NAMES gbk")
	run(t, direct, "SET NAMES gbk")
	const inString = "SELECT '\xbf\\' , 'x, connection_id() , y', '1'"
	if through, own := columns(t, c, inString), columns(t, direct, inString); through != own {
		t.Errorf("%q: columns %q, the server's own are %q", inString, through, own)
	}
}
