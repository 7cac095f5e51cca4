package http2

import (
	"errors"
	"io"
	"math"
	"net"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/wire"
)

// clientLife is how far a client's connection has come, and why. It never goes
// back:
//
//		        SetDoNotReuse, Connection: close,
//		,--------, PROTOCOL_ERROR, GOAWAY, Shutdown ,----------,
//		| active | -------------------------------> | draining |
//		'--------'                                  '----------'
//		    |    idle, an error of the protocol,         |
//		    |    the end of the net.Conn, Close          v
//		    '---------------------------------------> closed
//
//	  - active: it takes requests, or a single one if it is for a single use.
//	  - draining: it takes no more, and those under way go on.
//	  - closed: it has ended, or is about to.
//
// Everything in it is guarded by Conn.mu, except what is constant.
type clientLife struct {
	singleUse bool // constant: it is for one request
	keepAlive bool // constant: it may be used again

	state  lifeState
	drains drainReason // may be several; kept after the end

	goAway      *GoAwayError // the server's, or nil
	idleClosed  bool         // closed for being idle
	protocolErr error        // closed for what the server did wrong; errors.As finds a ConnectionError in it
	endedWith   error        // what ended the net.Conn; nil before
}

type lifeState uint8

const (
	lifeActive lifeState = iota
	lifeDraining
	lifeClosed
)

// drainReason is a set.
type drainReason uint8

const (
	drainDoNotReuse drainReason = 1 << iota // the program, a request or a response asked for it
	drainGoAway                             // the server sent GOAWAY
	drainShutdown                           // the program called Shutdown, which also closes the connection
)

// maxClientRequests is how many requests a connection takes, so that it never runs
// out of stream identifiers.
const maxClientRequests = math.MaxInt32 / 2

// drain says that no more requests are to be taken.
func (l *clientLife) drain(why drainReason) {
	l.drains |= why
	l.state = max(l.state, lifeDraining)
}

// gotGoAway notes the server's GOAWAY. Of several, the first error code and the
// first debug data are kept: they explain more than later ones.
func (l *clientLife) gotGoAway(f wire.GoAwayFrame) {
	e := &GoAwayError{LastStreamID: f.LastStreamID, ErrCode: ErrCode(f.Code), DebugData: string(f.Debug)}
	if old := l.goAway; old != nil {
		if old.ErrCode != ErrCodeNo {
			e.ErrCode = old.ErrCode
		}
		if old.DebugData != "" {
			e.DebugData = old.DebugData
		}
	}
	l.goAway = e
	l.drain(drainGoAway)
}

// closeIdle notes that the connection is closed for being idle.
func (l *clientLife) closeIdle() { l.state, l.idleClosed = lifeClosed, true }

// broke notes that the connection is closed for something that the server did
// wrong.
func (l *clientLife) broke(err error) { l.state, l.protocolErr = lifeClosed, err }

var errClientConnLost = errors.New("http2: client connection lost")

// end notes that the net.Conn has ended, for the reason err. It returns the error
// that its streams get.
func (l *clientLife) end(err error) error {
	l.state, l.endedWith = lifeClosed, err
	var op *net.OpError
	switch {
	case l.protocolErr != nil:
		return l.protocolErr
	case l.goAway != nil && (err == io.EOF || (errors.As(err, &op) && op.Op == "read")):
		return *l.goAway
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	case errors.Is(err, conn.ErrPingTimeout):
		return errClientConnLost
	}
	return publicError(err)
}

// brokeOff reports whether it was the net.Conn or the server's end that ended the
// connection, and neither the program nor an error of the protocol.
func (l *clientLife) brokeOff() bool {
	return l.endedWith != nil && l.endedWith != errClientConnForceClosed && l.endedWith != errClientConnClosed && l.protocolErr == nil
}

func (l *clientLife) closed() bool { return l.state == lifeClosed }

// closing reports whether the connection takes no more requests after those under
// way, or is for a single one.
func (l *clientLife) closing() bool { return l.drains != 0 || l.singleUse }

// takes reports whether the connection takes a request after so many, apart from
// the server's limit.
func (l *clientLife) takes(requests int) bool {
	return l.state == lifeActive && !(l.singleUse && requests > 0) && requests < maxClientRequests
}

// hadLast reports whether the connection is to be closed as soon as none of its
// requests is under way. requests is how many it has had.
func (l *clientLife) hadLast(requests int) bool {
	once := l.singleUse || !l.keepAlive
	return l.drains&^drainShutdown != 0 || (once && requests > 0)
}

// brokeUnused reports whether the connection ended, though not for being idle,
// before its first request or before the server had greeted us.
func (l *clientLife) brokeUnused(requests int, greeted bool) bool {
	return l.closed() && !l.idleClosed && (requests == 0 || !greeted)
}

// err is why the connection was closed; dead is the reason that conn has, or nil.
func (l *clientLife) err(dead error) error {
	switch {
	case l.protocolErr != nil:
		return l.protocolErr
	case dead != nil:
		return dead
	}
	return errClientConnClosed
}
