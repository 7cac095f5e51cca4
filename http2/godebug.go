package http2

import (
	"os"
	"strings"
	"time"
)

// godebug is the value of a setting in the GODEBUG environment variable, and
// whether it is set. The last one counts.
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

// defaultHold is how long a flushed response that may still turn out to have no
// body is held. Long enough for a proxy's handler to return after its timer's
// Flush, short enough that nobody who waits for the header notices.
const defaultHold = time.Millisecond

// holding is how flushed responses are held: GODEBUG=http2deferheaders=0 turns
// it off, =5ms sets the limit for responses that may go either way. Constant
// after init.
var holding = parseHolding(godebug("http2deferheaders"))

type holdConfig struct {
	off   bool
	limit time.Duration
}

func parseHolding(v string, set bool) holdConfig {
	if !set {
		return holdConfig{limit: defaultHold}
	}
	if v == "0" {
		return holdConfig{off: true}
	}
	if d, err := time.ParseDuration(v); err == nil && d > 0 {
		return holdConfig{limit: d}
	}
	return holdConfig{limit: defaultHold}
}
