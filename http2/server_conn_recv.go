package http2

import (
	"net/http"
	"time"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/wire"
)

// Ready implements conn.Server: the client's preface has been read. http.Server
// tracks the connection as new until then.
func (sc *serverConn) Ready() {
	sc.setState(http.StateActive)
	sc.setState(http.StateIdle)
}

// maxLoggedDebug is how many bytes of a GOAWAY's debug data are logged. A client
// chooses them, and may send as many as a frame holds.
const maxLoggedDebug = 256

// GoAway implements conn.Server: after a client's GOAWAY its open streams are
// served, and then the connection ends.
func (sc *serverConn) GoAway(f wire.GoAwayFrame) {
	if (f.Code != wire.NoError && !sc.goodbye) || VerboseLogs {
		sc.logf("http2: received GOAWAY LastStreamID=%d ErrCode=%v Debug=%.*q, starting graceful shutdown", f.LastStreamID, f.Code, maxLoggedDebug, f.Debug)
	}
	sc.goodbye = true
	sc.c.GoAway(wire.NoError, "") // the client opens no more streams, so no request can be lost
}

// Active implements conn.Server.
func (sc *serverConn) Active(active bool) {
	if active {
		sc.setState(http.StateActive)
	} else {
		sc.setState(http.StateIdle)
	}
}

// Request implements conn.Server.
func (sc *serverConn) Request(f conn.Fields) (conn.Request, error) {
	st := sc.newStream(!f.EndStream)
	declared, err := st.accept(f)
	if err != nil {
		return conn.Request{}, err
	}
	st.mayBeFreed()
	return conn.Request{Stream: &st.Stream, Declared: declared, Priority: sc.priority.ofRequest(f.List)}, nil
}

// OpenedLocked implements conn.Server: http.Server's ReadTimeout and WriteTimeout
// begin.
func (sc *serverConn) OpenedLocked(cst *conn.Stream) {
	st := cst.Outer.(*serverStream)
	if d := sc.hs.ReadTimeout; d > 0 {
		sc.c.NetConn().SetReadDeadline(time.Time{}) // net/http's, of the handshake
		st.readTimer = time.AfterFunc(d, st.readTimeout)
	}
	if d := sc.hs.WriteTimeout; d > 0 {
		st.writeTimer = time.AfterFunc(d, st.writeTimeout)
	}
}

// Section implements conn.Server: a request's trailers.
func (sc *serverConn) Section(cs *conn.Stream, f conn.Fields) error {
	st := cs.Outer.(*serverStream)
	switch {
	case f.TooLarge || sc.tooMany(f.List):
		return wire.StreamErrorf(f.StreamID, wire.ProtocolError, "header_list_too_large", "trailers larger than advertised limit")
	case st.connect:
		return fieldsInTunnel(f.StreamID)
	}
	trailers, err := sc.reader.ReadTrailers(f.StreamID, f.List, st.declaredTrailers)
	if err != nil {
		return err
	}
	req := st.req // st may be free by then
	return st.ReceivedEnd(func() {
		// net/http promises that they are there before Read returns io.EOF.
		for k, v := range trailers {
			req.Trailer[k] = v
		}
	})
}

// Closed implements conn.Server. The context ends before the body does: a handler
// whose Read fails asks the context whether its client is gone (golang/go#52183).
func (sc *serverConn) Closed(cs *conn.Stream) {
	st := cs.Outer.(*serverStream)
	st.tidy()
	st.Body.End(st.closeErr(), nil)
	if st.notify != nil {
		st.notify <- true
	}
	st.free()
}
