package stmt

import "github.com/pingcap/tidb/pkg/parser"

// digestMax is the longest text that gets a digest: TiDB's normaliser takes a second for
// some hundred megabytes and keeps what it took.
const digestMax = 64 << 10

// digest is TiDB's digest of the text, in hex, and the text that it was made of.
func digest(sql []byte) (hash, text string) {
	if len(sql) > digestMax {
		return "", ""
	}
	defer func() {
		if recover() != nil { // it never has; but the text comes from anybody
			hash, text = "", ""
		}
	}()
	text, d := parser.NormalizeDigest(string(sql))
	return d.String(), text
}
