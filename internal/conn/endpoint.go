package conn

import (
	"net"

	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

// Endpoint is what either role does with what arrives. Its methods, and those of
// [Server] and [Client], are called without Conn.mu, but for those whose names end
// in Locked. Those said to be called by the reader are called by the reader
// goroutine.
type Endpoint interface {
	// Section is called by the reader with a field section on an open stream.
	Section(st *Stream, f Fields) error

	// GoAway is called by the reader: the peer's GOAWAY has come and not been acted on
	// yet.
	GoAway(f wire.GoAwayFrame)

	// Closed says that a stream has closed. It is called once for each stream. The
	// stream may be zero again when it returns, if no handler runs.
	Closed(st *Stream)

	// Active says that the number of open streams went from none to some, or back.
	// Calls come one at a time and in order. A server gets them only with
	// Options.TellActivity.
	Active(bool)
}

// Server is what only a server does.
type Server interface {
	Endpoint

	// Ready is called by the reader: the client's preface has been read.
	Ready()

	// Request is called by the reader with a complete field section that begins a
	// stream. It makes the stream, or says what is wrong with the request.
	Request(f Fields) (Request, error)

	// OpenedLocked says that a stream has been opened, before its handler may run.
	OpenedLocked(st *Stream)

	// Run runs a request's handler, on a worker. The stream may be zero again when it
	// returns.
	Run(st *Stream)

	// PriorityUpdate is called by the reader.
	PriorityUpdate(id uint32, field string) error
}

// Client is what only a client does.
type Client interface {
	Endpoint

	// Settings is called by the reader: the server's SETTINGS have been applied.
	Settings(PeerSettings)

	// PingAcked is called by the reader with each acknowledgement.
	PingAcked(data [8]byte)

	// CaughtUp is called by the reader before it waits for anything: everything that
	// has been read has been handed on. The goroutines that wait for it can be woken
	// now.
	CaughtUp()

	// EndErrorLocked is the error that the streams of a connection get which ends with
	// err.
	EndErrorLocked(err error) error
}

// Request is a stream that is about to be opened by the client.
type Request struct {
	Stream   *Stream
	Declared int64 // content-length, or -1
	Priority sched.Priority
}

// PeerSettings is what the peer's SETTINGS say of requests.
type PeerSettings struct {
	MaxHeaderListSize uint32
	ExtendedConnect   bool // RFC 8441
}

// NewServer returns the server's side of nc, which has not been started.
func NewServer(nc net.Conn, opt Options, s Server) *Conn {
	opt.Session.Role = session.Server
	return newConn(nc, opt, s, s, nil)
}

// NewClient returns the client's side of nc, which has not been started.
func NewClient(nc net.Conn, opt Options, cl Client) *Conn {
	opt.Session.Role = session.Client
	opt.TellActivity = true
	return newConn(nc, opt, cl, nil, cl)
}
