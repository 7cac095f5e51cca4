package http2

import (
	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

// Receive windows that the program has not set grow with what is read; see
// session.Growth. These limits bound what a peer can make us hold that the program
// does not read.
const (
	// firstStreamWindow is what a stream may hold that the handler does not read. The
	// protocol's 65,535 would be enough to keep streams apart, but a body that is a
	// little larger than the window waits for one more WINDOW_UPDATE: on loopback an
	// upload of 100 KiB took half as much CPU time again as with x/net's window of
	// 1 MiB. From 140 KiB on windows that grow take less than fixed ones.
	firstStreamWindow = 128 << 10

	// firstResponseWindow is the same for a client's streams. The program decides how
	// many responses it does not read, and these do not hold up others: 1,000 of them
	// hold 250 MiB, where x/net's Transport holds 1 GiB and then stops reading. With
	// 64 KiB a 1 MiB download on loopback took a quarter more CPU time.
	firstResponseWindow = 256 << 10

	// maxStreamWindow is the largest window of a stream: 100 MB/s at a round trip of
	// 160 ms. Only a stream whose reader has kept up gets it.
	maxStreamWindow = 16 << 20

	// maxConnWindow is the largest window of a server's connection while nothing lies
	// unread.
	maxConnWindow = 16 << 20

	// maxConnUnread is how much larger a server's connection window may become for
	// bytes that lie unread, so that streams which handlers do not read do not hold up
	// the others. It is enough for 250 such streams (defaultMaxStreams × 128 KiB);
	// a peer that sends on more of them gets no more window. grpc-go once had no such
	// bound, and a server held 9 GB.
	maxConnUnread = 32 << 20

	// processWindows is what all connections together may be allowed beyond x/net's
	// fixed windows. A peer that opens many connections and fills each with content
	// that the program does not read gets this much, and from then on x/net's window
	// of 1 MiB for each connection.
	processWindows = 1 << 30
)

// receiveBudget keeps all connections together within processWindows.
var receiveBudget = session.NewBudget(processWindows)

// fixedWindows is whether windows are x/net's, and do not grow:
// GODEBUG=http2windows=fixed. Constant after init.
var fixedWindows = godebugSet("http2windows", "fixed")

// defaultWindows are a role's windows: x/net's, and the first window of a stream
// that grows.
type defaultWindows struct{ conn, stream, first int32 }

var (
	serverWindows = defaultWindows{conn: 1 << 20, stream: 1 << 20, first: firstStreamWindow}
	clientWindows = defaultWindows{conn: 1<<30 + wire.DefaultWindow, stream: 4 << 20, first: firstResponseWindow}
)

// setWindows decides on the windows. One that the user has set is kept as it is.
//
// A client's connection has a window so large that it does not run out: the program
// itself decides how many responses it does not read, and each of them holds a
// stream's window, which begins small. On a server the peer decides that, so its
// connection's window is bounded.
func (c *serverConfig) setWindows(role session.Role) {
	def := serverWindows
	if role == session.Client {
		def = clientWindows
	}
	connGiven := c.connWindow >= wire.DefaultWindow
	streamGiven := c.streamWindow > 0
	if !connGiven {
		c.connWindow = def.conn
	}
	if !streamGiven {
		c.streamWindow = def.stream
	}
	c.growth = session.Growth{}
	if fixedWindows {
		return
	}
	c.growth.Budget = receiveBudget
	if !streamGiven {
		c.streamWindow = def.first
		c.growth.MaxStream, c.growth.Free = maxStreamWindow, maxStreamWindow
		if connGiven {
			c.growth.MaxStream = min(maxStreamWindow, c.connWindow)
		}
	}
	switch {
	case connGiven:
	case role == session.Client:
		c.growth.Free = def.stream // the connection's window bounds no more than x/net's
	default:
		c.growth.MaxConn, c.growth.Unread = maxConnWindow, maxConnUnread
	}
}
