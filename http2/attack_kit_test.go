package http2

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// withBystander is run with a second connection, a bystander's: it is served before
// the script, which attacks, and after it as if nothing had happened. Both report
// to the attacker's counted.
func (s serving) withBystander(t *testing.T, script func(c *servedConn)) {
	t.Helper()
	s = s.shared()
	synctest.Test(t, func(t *testing.T) {
		attacker := s.start(t)
		calm := s
		calm.settings, calm.silent = nil, false
		bystander := calm.start(t)
		bystander.wantServed(1)
		script(attacker)
		bystander.wantServed(3)
	})
}

// shared is s with a server that several connections share, and that answers
// what wantServed asks for.
func (s serving) shared() serving {
	if s.srv == nil {
		s.srv = new(Server)
	}
	if s.hs == nil {
		s.hs = new(http.Server)
	}
	s.handler = serverMux(s.handler)
	return s
}

// An attacker writes without ever reading: what it wrote, and the server has not
// read, is how far the server lets it go.
type attacker struct {
	*servedConn
	conn *h2test.Conn
}

// attack starts a server whose client stops reading after the greeting.
func (s serving) attack(t *testing.T, script func(a attacker)) {
	t.Helper()
	s.withBystander(t, func(c *servedConn) {
		settled()
		c.server.StallWrites()
		script(attacker{c, c.Conn().(*h2test.Conn)})
	})
}

// flood writes frame n times, and returns how many bytes of it the server read.
func (a attacker) flood(frame []byte, n int) int {
	before := a.conn.Unread()
	a.write(bytes.Repeat(frame, n))
	settled()
	return before + n*len(frame) - a.conn.Unread()
}

// floodLimit is how much of a flood may be read before the server stops: what
// it reads at once, and as much again.
const floodLimit = 64 << 10

// write writes frames that the trace of a failing test would drown in.
func (c *servedConn) write(frames []byte) {
	c.t.Helper()
	c.Conn().SetWriteDeadline(time.Time{})
	if _, err := c.Conn().Write(frames); err != nil {
		c.t.Fatalf("the attacker could not write: %v", err)
	}
}

// wantSentAway reads up to a GOAWAY that asks for calm, and checks that
// CountError was told why. It returns how many frames came before.
func (c *servedConn) wantSentAway(why string) (before int) {
	c.t.Helper()
	f := c.Next()
	for ; f.Type != wire.GoAway; f = c.Next() {
		before++
	}
	g, err := wire.ParseGoAway(f.Header, f.Payload)
	if err != nil || g.Code != wire.EnhanceYourCalm {
		c.t.Errorf("the connection ends with %v, %q, %v", g.Code, g.Debug, err)
	}
	settled()
	counted := c.counted.all()
	if want := "conn_ENHANCE_YOUR_CALM_" + why; len(counted) == 0 || counted[len(counted)-1] != want {
		c.t.Errorf("CountError was told %.200q, want %s in the end", strings.Join(counted, " "), want)
	}
	return before
}

// untilDone is a handler that waits for the end of its request.
func untilDone(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
