package http2

import (
	"errors"
	"time"
)

func (cc *ClientConn) endErr() error {
	cc.c.Lock()
	defer cc.c.Unlock()
	if cc.life.closed() {
		return errors.New("connection closed")
	}
	return nil
}

// ClientConnState is a snapshot of a ClientConn.
type ClientConnState struct {
	// Closed is whether the connection is closed.
	Closed bool

	// Closing is whether it takes no more requests, because it is being shut down, was
	// for a single request, is marked with SetDoNotReuse, or got GOAWAY. It is also
	// set for now if the connection may be dead: a request on it was given up, and
	// nothing has been read since that request began.
	Closing bool

	// StreamsActive is how many streams are open.
	StreamsActive int

	// StreamsReserved is how many streams ReserveNewRequest keeps for requests.
	StreamsReserved int

	// StreamsPending is how many requests wait for the server's limit of concurrent
	// streams.
	StreamsPending int

	// MaxConcurrentStreams is that limit, 0 before the server's SETTINGS.
	MaxConcurrentStreams uint32

	// LastIdle is when the last stream closed, zero while one is open and before the
	// first.
	LastIdle time.Time
}

// State returns a snapshot of the connection's state.
func (cc *ClientConn) State() ClientConnState {
	cc.c.Lock()
	defer cc.c.Unlock()
	st := ClientConnState{
		Closed:          cc.life.closed(),
		Closing:         cc.life.closing() || cc.suspectLocked(),
		StreamsActive:   cc.c.OpenStreamsLocked() - cc.c.WaitingLocked(),
		StreamsReserved: cc.reserved,
		StreamsPending:  cc.c.WaitingLocked(),
		LastIdle:        cc.lastIdle,
	}
	if cc.c.SeenSettingsLocked() {
		st.MaxConcurrentStreams = uint32(cc.c.PeerMaxStreamsLocked())
	}
	return st
}
