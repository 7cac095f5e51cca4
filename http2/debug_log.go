package http2

import (
	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/wire"
)

// debugLog is what GODEBUG=http2debug has a connection, *c by then, tell logf; nil for
// nothing. received is the format for a frame that has come.
func debugLog(logf func(string, ...any), c **conn.Conn, received string) *conn.Debug {
	if !VerboseLogs && !logFrameReads && !logFrameWrites {
		return nil
	}
	d := new(conn.Debug)
	if VerboseLogs {
		d.Read = func(h wire.Header, p []byte) {
			line := summarize(h, p)
			if logFrameReads {
				logf("http2: Framer %p: read %v", *c, line)
			}
			logf(received, line)
		}
	}
	if logFrameReads {
		d.Decoded = func(f hpack.HeaderField) { logf("http2: decoded hpack field %+v", f) }
	}
	if logFrameWrites {
		d.Wrote = func(h wire.Header, p []byte) { logf("http2: Framer %p: wrote %v", *c, summarize(h, p)) }
	}
	return d
}
