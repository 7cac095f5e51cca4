package session

import (
	"math"
	"time"

	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/wire"
)

// A Role says which end of the connection a session is.
type Role uint8

const (
	Server Role = iota
	Client
)

// Config is what an endpoint decides before it speaks. The numbers have been
// checked and defaulted by the caller.
type Config struct {
	Role Role

	// Announced in our SETTINGS.
	MaxConcurrentStreams uint32 // streams that the peer may have open; a client takes no pushes
	InitialWindow        int32  // a stream's receive window
	MaxFrameSize         uint32 // largest frame payload we read
	MaxHeaderListSize    uint32
	HeaderTableSize      uint32 // our HPACK decoder's table
	ExtendedConnect      bool   // RFC 8441
	NoRFC7540Priorities  bool   // RFC 9218 §2.1

	ConnWindow int32 // the connection's receive window, at least 65,535
	Growth     Growth

	// One of these is set, and decides the order in which streams send.
	Policy   sched.Policy
	External External
}

// Session is one connection's protocol state. Everything in it is guarded by its
// owner's mutex, except where a field says otherwise.
type Session struct {
	cfg  *Config // constant
	peer peerSettings

	streams map[uint32]*Stream // by identifier; nil while there is none after New or Trim
	// peerLast is the highest stream that the peer has opened. Written under the mutex
	// by the goroutine that reads frames, which may therefore read it without
	// ([Session.IsNew]).
	peerLast  uint32
	localLast uint32 // highest stream that we have opened or promised
	peerOpen  uint32 // peer-initiated streams that count against our limit
	localOpen uint32 // ours that count against the peer's

	send    sendFlow
	recv    recvWindow
	growth  receiving
	control control
	out     output
	free    *freeLists // or nil
	recent  recentStreams
	resets  bucket
	useless bucket
	echoes  int64 // see EchoFrame

	closed    *Stream // streams that closed since TakeClosed
	receiving int     // see Receiving
	answers   uint64  // field sections and DATA frames that have arrived on open streams
	pinging   pinging
}

// New returns the session of a fresh connection: our SETTINGS, and the
// WINDOW_UPDATE that opens the connection's window as configured, are pending. cfg is
// not changed any more.
func New(cfg *Config, now time.Time) *Session {
	s := &Session{
		cfg:     cfg,
		peer:    defaultPeerSettings(cfg.Role),
		resets:  newBucket(&earlyResets, now),
		useless: newBucket(&uselessFrames, now),
	}
	s.send.conn = wire.DefaultWindow
	s.recv.init(wire.DefaultWindow)
	s.growth.began, s.growth.target = now, cfg.ConnWindow
	s.control.settings = true
	s.control.unacked = 1
	if diff := cfg.ConnWindow - wire.DefaultWindow; diff > 0 {
		s.recv.grow(diff)
		s.control.connCredit = true
	}
	s.pushControl(controlSettings, 0)
	if s.control.connCredit {
		s.pushControl(controlConnCredit, 0)
	}
	return s
}

// peerInitiated reports whether id is one that the peer may open.
func (s *Session) peerInitiated(id uint32) bool {
	return (id%2 == 1) == (s.cfg.Role == Server)
}

// IsNew reports whether HEADERS on id would open a stream, which a server's never
// do: it opens them with PUSH_PROMISE. Only the goroutine that reads frames may
// call it; it needs no lock.
func (s *Session) IsNew(id uint32) bool {
	return s.cfg.Role == Server && s.peerInitiated(id) && id > s.peerLast
}

// Waiting is how many streams of ours wait for the peer's limit to allow them.
func (s *Session) Waiting() int { return s.out.opening.len() }

// Opened is how many streams of ours have been opened, ever.
func (s *Session) Opened() int { return int(s.localLast+1) / 2 }

// OpenStreams is the number of streams that are neither idle nor closed.
func (s *Session) OpenStreams() int { return len(s.streams) + s.out.opening.len() }

// TakeClosed returns the streams that closed since the last call, linked by
// [Stream.NextClosed], oldest last. The owner wakes the goroutines that wait on
// them.
func (s *Session) TakeClosed() *Stream {
	st := s.closed
	s.closed = nil
	return st
}

// idleStream reports whether id names a stream that neither side has opened.
func (s *Session) idleStream(id uint32) bool {
	if s.peerInitiated(id) {
		return id > s.peerLast
	}
	return id > s.localLast
}

// maxStreamID is the last identifier there is (RFC 9113 §5.1.1).
const maxStreamID = math.MaxInt32

// Idle reports whether id names a stream that neither side has opened. A stream
// that we ignore because of a GOAWAY does not count.
func (s *Session) Idle(id uint32) bool { return s.idleStream(id) && !s.ignored(id) }
