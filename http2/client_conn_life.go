package http2

import (
	"errors"
	"io"
	"math"
	"net"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/wire"
)

// clientLife is how far a client's connection has come, and why. It only goes on:
//
//		        SetDoNotReuse, Connection: close,
//		,--------, PROTOCOL_ERROR, GOAWAY, Shutdown ,----------,
//		| active | -------------------------------> | draining |
//		'--------'                                  '----------'
//		    |    idle, an error of the protocol,         |
//		    |    the end of the net.Conn, Close          v
//		    '---------------------------------------> closed
//
//	  - active: it takes requests; one at all if it is for a single use.
//	  - draining: it takes no more, and those there are go on.
//	  - closed: it is over, or about to be.
//
// Everything in it is guarded by Conn.mu, but for what is constant.
type clientLife struct {
	singleUse bool // constant: it is for one request
	keepAlive bool // constant: it may be used again

	state  lifeState
	drains drainReason // may be several; kept after the end

	goAway      *GoAwayError // the server's, or nil
	idleClosed  bool         // closed for being idle
	protocolErr error        // closed for what the server did wrong, which is a ConnectionError to errors.As
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
	drainDoNotReuse drainReason = 1 << iota // the program, a request or an answer said so
	drainGoAway                             // the server did
	drainShutdown                           // Shutdown, which also sees to the end
)

// maxClientRequests keeps a connection from running out of stream identifiers.
const maxClientRequests = math.MaxInt32 / 2

// drain says that no more requests are to be taken.
func (l *clientLife) drain(why drainReason) {
	l.drains |= why
	l.state = max(l.state, lifeDraining)
}

// gotGoAway is the server's GOAWAY. What it said first explains more than what it says
// later.
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

// closeIdle is the end of a connection that nobody uses.
func (l *clientLife) closeIdle() { l.state, l.idleClosed = lifeClosed, true }

// broke is the end for something that the server did wrong.
func (l *clientLife) broke(err error) { l.state, l.protocolErr = lifeClosed, err }

var errClientConnLost = errors.New("http2: client connection lost")

// end is the end of the net.Conn, for the reason err. It returns what streams are told.
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

func (l *clientLife) closed() bool { return l.state == lifeClosed }

// closing reports whether the connection takes no more requests after those there are,
// or is for a single one.
func (l *clientLife) closing() bool { return l.drains != 0 || l.singleUse }

// takes reports whether the connection takes a request after so many: limits aside.
func (l *clientLife) takes(requests int) bool {
	return l.state == lifeActive && !(l.singleUse && requests > 0) && requests < maxClientRequests
}

// hadLast reports whether the connection is to be closed as soon as none of its
// requests is under way, of which there have been so many.
func (l *clientLife) hadLast(requests int) bool {
	once := l.singleUse || !l.keepAlive
	return l.drains&^drainShutdown != 0 || (once && requests > 0)
}

// brokeUnused reports whether the connection ended, though not for being idle, before
// its first request or before the server had greeted us.
func (l *clientLife) brokeUnused(requests int, greeted bool) bool {
	return l.closed() && !l.idleClosed && (requests == 0 || !greeted)
}

// err is why a connection that is closed was; dead is what the engine knows of it.
func (l *clientLife) err(dead error) error {
	switch {
	case l.protocolErr != nil:
		return l.protocolErr
	case dead != nil:
		return dead
	}
	return errClientConnClosed
}
