package http2

import (
	"crypto/tls"
	"fmt"
	"math"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/message"
)

// ClientConn is a connection to an HTTP/2 server. It is an http.RoundTripper.
type ClientConn struct {
	// Constant.
	t            *Transport
	c            *conn.Conn
	nc           net.Conn
	tls          *tls.ConnectionState
	conf         clientConfig
	stateChanged func() // net/http's, or nil

	used         atomic.Bool   // a request of the pool has been sent on it
	fromNetHTTP  atomic.Bool   // net/http dialled it and has told the trace
	gotSettings  chan struct{} // closed by the reader when SETTINGS have arrived, or never will
	ended        chan struct{} // closed when the connection has ended
	greetingSent chan struct{} // closed when our SETTINGS have been sent

	// What the server's SETTINGS say of requests. The reader sets it, and goroutines
	// that make a field section read it without the lock.
	peerMaxList         atomic.Uint32
	peerExtendedConnect atomic.Bool

	// The reader goroutine's.
	reader  message.ResponseReader
	greeted bool            // gotSettings is closed
	answers []*clientStream // have got their response; CaughtUp wakes their RoundTrips

	// Guarded by the connection's lock.
	life       clientLife
	reserved   int       // requests that have been promised a stream
	lastActive time.Time // when the connection was made, or its last stream closed
	lastIdle   time.Time // when the last stream closed; zero while one is open and before the first
	idleTimer  *time.Timer
	idleWaits  []chan struct{}           // closed when there is no stream
	pings      map[[8]byte]chan struct{} // closed when acknowledged
	suspicion  suspicion
}

// newClientConn starts HTTP/2 on c.
func (t *Transport) newClientConn(c net.Conn, singleUse bool, stateChanged func()) (*ClientConn, error) {
	cc := &ClientConn{
		t:            t,
		nc:           c,
		conf:         t.clientConfig(),
		life:         clientLife{singleUse: singleUse, keepAlive: !t.disableKeepAlives()},
		stateChanged: stateChanged,
		gotSettings:  make(chan struct{}),
		ended:        make(chan struct{}),
		greetingSent: make(chan struct{}),
		pings:        make(map[[8]byte]chan struct{}),
		lastActive:   time.Now(),
	}
	if s, ok := c.(interface{ ConnectionState() tls.ConnectionState }); ok {
		state := s.ConnectionState()
		if state.HandshakeComplete && state.Version < tls.VersionTLS12 {
			c.Close()
			return nil, fmt.Errorf("http2: %s is too old (RFC 9113 §9.2)", tls.VersionName(state.Version))
		}
		cc.tls = &state
	}
	if VerboseLogs {
		t.vlogf("http2: Transport creating client conn %p to %v", cc, c.RemoteAddr())
	}
	cc.c = conn.NewClient(c, conn.Options{
		Session:             cc.conf.session,
		MaxEncoderTableSize: cc.conf.encoderTable,
		ReadIdleTimeout:     cc.conf.readIdleTimeout,
		PingTimeout:         cc.conf.pingTimeout,
		WriteByteTimeout:    cc.conf.writeByteTimeout,
		Greeted:             cc.greetingSent,
		Gathers:             gathers(c),
		ReadsApart:          readsApart(c),
		Log:                 cc.log(),
	}, (*clientEndpoint)(cc))
	cc.peerMaxList.Store(math.MaxUint32) // RFC 9113 §6.5.2: unlimited, at first
	if d := t.idleConnTimeout(); d > 0 {
		cc.idleTimer = time.AfterFunc(d, cc.closeIfIdle)
	}
	go cc.serve()
	return cc, nil
}

// noteSettings says that SETTINGS have arrived or that they never will.
func (cc *ClientConn) noteSettings() {
	if !cc.greeted {
		cc.greeted = true
		close(cc.gotSettings)
	}
}

// RoundTrip implements http.RoundTripper on this connection.
func (cc *ClientConn) RoundTrip(req *http.Request) (*http.Response, error) {
	u := newUpload(req)
	res, err := cc.roundTrip(req, u)
	if err != nil {
		u.abandon(req.Context())
		return nil, err
	}
	u.done()
	return res, nil
}
