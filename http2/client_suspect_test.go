package http2

import (
	"context"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// suspicious is a Transport with a connection, and that connection's server.
type suspicious struct {
	*calling
	p  *h2test.Peer
	id uint32 // of the next stream
}

func withSuspicion(t *testing.T, tr *Transport, script func(c *suspicious), settings ...wire.Setting) {
	t.Helper()
	withTransport(t, tr, func(c *calling) {
		k := c.roundTrip(get("https://example.com/"))
		p := c.accept(settings...)
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
		script(&suspicious{c, p, 3})
	})
}

// givenUp makes a request and gives it up.
func (c *suspicious) givenUp() {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	k := c.roundTrip(get("https://example.com/").WithContext(ctx))
	c.p.Want("a request", headersOf(c.id, h2test.EndStream))
	cancel()
	k.failure()
	c.p.Want("the server is told", h2test.RSTStreamFrame(c.id, wire.Cancel))
	c.id += 2
}

// probe is the PING that asks whether the server is there.
func (c *suspicious) probe() [8]byte {
	c.t.Helper()
	f := c.p.Next()
	if f.Type != wire.Ping || f.Flags.Has(wire.FlagAck) {
		c.t.Fatalf("want a PING, got %v", f)
	}
	return [8]byte(f.Payload)
}

// wantElsewhere checks that requests go over another connection.
func (c *suspicious) wantElsewhere() {
	c.t.Helper()
	k := c.roundTrip(get("https://example.com/"))
	other := c.accept()
	other.Want("another connection is tried", headersOf(1, h2test.EndStream))
	other.Headers(1, h2test.EndStream, ":status", "204")
	k.response()
	other.Close()
	settled()
}

// wantHere checks that requests go over the connection.
func (c *suspicious) wantHere(sentence string) {
	c.t.Helper()
	k := c.roundTrip(get("https://example.com/"))
	c.p.Want(sentence, headersOf(c.id, h2test.EndStream))
	c.p.Headers(c.id, h2test.EndStream, ":status", "204")
	k.response()
	c.id += 2
}

// golang/go#59690, #36026, #39750.
func TestConnectionThatIsSilentGetsNoNewRequests(t *testing.T) {
	for _, tr := range []*Transport{{}, {StrictMaxConcurrentStreams: true}} {
		withSuspicion(t, tr, func(c *suspicious) {
			c.givenUp()
			ping := c.probe()
			c.wantElsewhere()
			c.p.Ping(true, ping)
			settled()
			c.wantHere("the server lives")
		})
	}
}

func TestAnythingThatIsReadClearsASuspicion(t *testing.T) {
	withSuspicion(t, new(Transport), func(c *suspicious) {
		c.givenUp()
		c.probe()
		c.p.Settings()
		c.p.Want("it is acknowledged", h2test.SettingsAckFrame())
		c.wantHere("a server that says something lives")
		time.Sleep(time.Minute)
		c.wantHere("and need not acknowledge the PING")
	})
}

func TestConnectionOnWhichSomethingWasReadMeanwhileIsNotSuspect(t *testing.T) {
	withSuspicion(t, new(Transport), func(c *suspicious) {
		ctx, cancel := context.WithCancel(context.Background())
		k := c.roundTrip(get("https://example.com/").WithContext(ctx))
		c.p.Want("a request", headersOf(3, h2test.EndStream))
		c.p.Settings()
		c.p.Want("it is acknowledged", h2test.SettingsAckFrame())
		cancel()
		k.failure()
		c.p.Want("the server is told", h2test.RSTStreamFrame(3, wire.Cancel))
		c.p.WantNothing("and not asked anything")
		c.id = 5
		c.wantHere("it is used")
	})
}

func TestConnectionWhoseServerDoesNotAnswerIsClosed(t *testing.T) {
	withSuspicion(t, new(Transport), func(c *suspicious) {
		k := c.roundTrip(get("https://example.com/other"))
		c.p.Want("a request that waits", headersOf(3, h2test.EndStream))
		c.id = 5
		c.givenUp()
		c.probe()
		time.Sleep(15*time.Second - time.Nanosecond)
		k.stillWaits("PingTimeout is 15 s")
		time.Sleep(time.Nanosecond)
		wantErr(t, "it is lost", k.failure(), "http2: client connection lost")
		c.p.WantClosed("the connection is of no use")
	})
}

func TestAThousandCancellationsCostOnePing(t *testing.T) {
	withSuspicion(t, new(Transport), func(c *suspicious) {
		ctx, cancel := context.WithCancel(context.Background())
		var trips []*trip
		for range 1000 {
			trips = append(trips, c.roundTrip(get("https://example.com/").WithContext(ctx)))
		}
		settled()
		cancel()
		pings := 0
		for _, k := range trips {
			k.failure()
		}
		c.p.Ignore(func(f h2test.Frame) bool {
			if f.Type == wire.Ping {
				pings++
			}
			return true
		})
		c.p.WantNothing("only requests, resets and PINGs")
		if pings != 1 {
			t.Errorf("%d PINGs", pings)
		}
	}, wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 2000})
}

// gRPC servers count PINGs until they have sent something else (golang/go#70575).
func TestPingsAreNotRepeatedBeforeTheServerSaysSomethingElse(t *testing.T) {
	withSuspicion(t, new(Transport), func(c *suspicious) {
		for range 2 {
			c.givenUp()
			c.p.Ping(true, c.probe())
			settled()
		}
		c.givenUp()
		c.p.WantNothing("nobody asks any more")
		c.wantElsewhere()
		c.p.Settings()
		c.p.Want("it is acknowledged", h2test.SettingsAckFrame())
		c.wantHere("it lives")
		c.givenUp()
		c.probe()
	})
}

func TestStateOfASuspectConnection(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		ctx, cancel := context.WithCancel(context.Background())
		k := startTrip(t, c.cc, get("https://example.com/").WithContext(ctx))
		c.Want("a request", headersOf(1, h2test.EndStream))
		cancel()
		k.failure()
		if st := c.cc.State(); !st.Closing || c.cc.CanTakeNewRequest() || c.cc.ReserveNewRequest() {
			t.Errorf("a connection that may be dead takes requests; its state is %+v", st)
		}
	})
}
