package http2

import (
	"errors"
	"io"
	"log"
	"strings"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/wire"
)

// log is where conn logs to.
func (cc *ClientConn) log() conn.Log {
	l := conn.Log{Count: cc.countError, Debug: debugLog(log.Printf, &cc.c, "http2: Transport received %s")}
	if VerboseLogs {
		l.Printf, l.Verbose = log.Printf, log.Printf
	}
	return l
}

// logFields logs the field section of a request.
func (t *Transport) logFields(fields []hpack.HeaderField) {
	for _, f := range fields {
		t.vlogf("http2: Transport encoding header %q = %q", f.Name, f.Value)
	}
}

// countError calls CountError with upstream's name of an error.
func (cc *ClientConn) countError(err error) {
	switch e := err.(type) {
	case *wire.ConnError:
		cc.c.Lock()
		cc.life.broke(publicError(e))
		cc.c.Unlock()
		if strings.HasPrefix(e.Count, "frame_") {
			cc.t.count(e.Count)
		}
		cc.t.count("read_frame_conn_error_" + codeToken(e.Code))
	case *wire.StreamError:
		if strings.HasPrefix(e.Count, "frame_") {
			cc.t.count(e.Count)
		}
	default:
		if errors.Is(err, conn.ErrPingTimeout) {
			cc.t.count("conn_close_lost_ping")
		}
	}
}

// countEnd tells CountError how the connection ended. Errors of the protocol have
// been counted.
func (cc *ClientConn) countEnd() {
	cc.c.Lock()
	protocol, end := cc.life.protocolErr, cc.life.endedWith
	cc.c.Unlock()
	switch {
	case protocol != nil:
	case end == io.EOF:
		cc.t.count("read_frame_eof")
	default:
		cc.t.count("read_frame_other")
	}
}
