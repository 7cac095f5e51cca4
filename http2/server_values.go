package http2

import (
	"strings"

	"h2fork.example/net/hpack"
)

// tooMany reports whether a field section has more values than maxHeaderValues allows. Each field has one, whatever is in it,
// but for Trailer: what it lists becomes keys of Request.Trailer. That is counted apart.
func (sc *serverConn) tooMany(fields []hpack.HeaderField) bool {
	if sc.maxValues == 0 {
		return false
	}
	values, announced := 0, 0
	for i := range fields {
		if fields[i].Name == "trailer" {
			announced += strings.Count(fields[i].Value, ",") + 1
		} else {
			values++
		}
	}
	return max(values, announced) > sc.maxValues
}
