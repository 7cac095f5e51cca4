package http2

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/wire"
)

// logEnd logs why the connection ended. A client that sends something other than
// HTTP/2 is always logged, one that goes away only with VerboseLogs.
func (sc *serverConn) logEnd(err error) {
	remote := sc.c.NetConn().RemoteAddr()
	var preface *conn.PrefaceError
	switch {
	case errors.As(err, &preface):
		boring := errors.Is(err, conn.ErrPrefaceTimeout) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
		if VerboseLogs || !boring {
			sc.logf("http2: server: error reading preface from client %v: %v", remote, err)
		}
	case VerboseLogs:
		sc.logf("http2: server closing client connection; error reading frame from client %s: %v", remote, err)
	}
}

// log is where conn logs to.
func (sc *serverConn) log() conn.Log {
	l := conn.Log{Printf: sc.logf, Count: sc.countError, Debug: sc.debug()}
	if VerboseLogs {
		l.Verbose = sc.logf
	}
	return l
}

// debug is what GODEBUG=http2debug has conn tell, or nil.
func (sc *serverConn) debug() *conn.Debug {
	d := debugLog(sc.logf, &sc.c, "http2: server read frame %v")
	if VerboseLogs {
		d.Encoding = func(f hpack.HeaderField) { sc.logf("http2: server encoding header %q = %q", f.Name, f.Value) }
	}
	return d
}

// countError calls CountError with upstream's name of an error.
func (sc *serverConn) countError(err error) {
	if sc.count == nil {
		return
	}
	switch e := err.(type) {
	case *wire.ConnError:
		if strings.HasPrefix(e.Count, "frame_") {
			sc.count(e.Count)
		} else {
			sc.count(countName("conn", ErrCode(e.Code), e.Count))
		}
	case *wire.StreamError:
		if strings.HasPrefix(e.Count, "frame_") {
			sc.count(e.Count)
		} else {
			sc.count(countName("stream", ErrCode(e.Code), e.Count))
		}
	default:
		if errors.Is(err, conn.ErrPingTimeout) {
			sc.count("conn_close_lost_ping")
		}
	}
}

// logfTo is the log function of hs.
func logfTo(hs *http.Server) func(format string, args ...any) {
	if hs.ErrorLog != nil {
		return hs.ErrorLog.Printf
	}
	return log.Printf
}
