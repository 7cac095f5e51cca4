package http2

import (
	"os"
	"strings"
)

// godebug is the value of a setting in the GODEBUG environment variable, and
// whether it is set. If it is set more than once, the last counts.
func godebug(name string) (value string, ok bool) {
	for _, kv := range strings.Split(os.Getenv("GODEBUG"), ",") {
		if k, v, found := strings.Cut(kv, "="); found && k == name {
			value, ok = v, true
		}
	}
	return value, ok
}

func godebugSet(name, want string) bool {
	v, _ := godebug(name)
	return v == want
}

// holdsOff makes Trailers-Only responses be flushed like any other. Constant after
// init.
var holdsOff = godebugSet("http2deferheaders", "0")
