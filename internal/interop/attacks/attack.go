package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"h2fork.example/net/internal/interop/stack"
	"h2fork.example/net/internal/wire"
)

// An attack is what a client sends on one connection.
type attack struct {
	name     string
	cve      string
	settings []wire.Setting
	first    []byte             // sent at first
	flood    func(i int) []byte // what is sent next; nil at the end
	deaf     bool               // the client reads nothing before it is over

	// What our server does.
	end  end
	live uint64 // bytes that it may hold at the attack's height, more than before
}

// An end is how an attack ends.
type end string

const (
	sentAway end = "GOAWAY ENHANCE_YOUR_CALM"
	stalled  end = "is not read any more"
	allRead  end = "all of it is read" // which may be right, if it holds little
	closed   end = "the connection is closed"
)

// An outcome is what came of an attack.
type outcome struct {
	end    end
	sent   int   // bytes
	height usage // when it had been sent
	after  usage // when the client had left
	before usage
	*bystander
}

// patience is how long our server may take to end what it should end.
const patience = 5 * time.Second

// run runs the attack on a server.
func (a *attack) run(name string, limit time.Duration) (out outcome, err error) {
	s, err := startServer(name)
	if err != nil {
		return out, err
	}
	defer s.Stop()
	b := station(s.addr)
	if out.before, err = s.usage(); err != nil {
		return out, err
	}
	begin := time.Now()
	c, err := a.begin(s.addr)
	if err != nil {
		return out, err
	}
	if name == "ours" && a.end == sentAway {
		limit = max(limit, patience)
	}
	out.end, out.sent = c.assault(a, begin.Add(limit))
	if out.height, err = s.height(); err != nil {
		return out, err
	}
	if a.deaf {
		out.end = c.lastWords(out.end)
	}
	c.nc.Close()
	b.leave()
	out.bystander = b
	out.after, err = s.settle(out.before)
	return out, err
}

// height is what the server uses when it does not come to use more: handlers may be on their way yet.
func (s server) height() (u usage, err error) {
	const enough, pause = 3, 20 * time.Millisecond
	peak := 0
	for same := 0; same < enough; same++ {
		last := u
		if u, err = s.usage(); err != nil {
			return u, err
		}
		peak = max(peak, u.PeakGoroutines)
		if u.Goroutines > last.Goroutines || u.Live > last.Live+last.Live/100 {
			same = 0
		}
		u.Peak, u.PeakGoroutines = max(u.Peak, last.Peak), peak
		time.Sleep(pause)
	}
	return u, nil
}

// settle is what the server uses once it has let go of the attack; or does not within a second.
func (s server) settle(before usage) (u usage, err error) {
	for deadline := time.Now().Add(time.Second); ; {
		u, err = s.usage()
		if err != nil || u.Goroutines <= before.Goroutines || time.Now().After(deadline) {
			return u, err
		}
	}
}

// A client is an attacker's connection.
type client struct {
	nc  net.Conn
	bye chan end // how the server ended the connection
}

// socketBuffer is how much the kernel is to keep for the attacker, who should notice soon that nobody reads.
const socketBuffer = 64 << 10

func (a *attack) begin(addr string) (*client, error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	nc.(*net.TCPConn).SetReadBuffer(socketBuffer)
	nc.(*net.TCPConn).SetWriteBuffer(socketBuffer)
	c := &client{nc: nc, bye: make(chan end, 1)}
	if !a.deaf {
		go func() { c.bye <- c.read() }()
	}
	_, err = nc.Write(append(wire.AppendSettings([]byte(wire.Preface), a.settings...), a.first...))
	return c, err
}

// stallAfter is how long a write has to move nothing for the server to have stopped reading.
const stallAfter = 300 * time.Millisecond

// assault sends the flood until it ends, the server ends it, or until a time.
func (c *client) assault(a *attack, until time.Time) (how end, sent int) {
	for i := 0; time.Now().Before(until); i++ {
		p := a.flood(i)
		if p == nil {
			break
		}
		c.nc.SetWriteDeadline(time.Now().Add(stallAfter))
		n, err := c.nc.Write(p)
		sent += n
		select {
		case how = <-c.bye:
			return how, sent
		default:
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return stalled, sent
		case err != nil && a.deaf:
			return closed, sent
		case err != nil:
			return <-c.bye, sent
		}
	}
	if a.deaf {
		return allRead, sent
	}
	return c.settled(), sent
}

// settled waits until the server has read everything: it answers a PING.
func (c *client) settled() end {
	c.nc.Write(wire.AppendPing(nil, false, [8]byte([]byte("settled?"))))
	select {
	case how := <-c.bye:
		return how
	case <-time.After(10 * stallAfter):
		return stalled
	}
}

// read reads until the server ends the connection, or has read everything.
func (c *client) read() end {
	head := make([]byte, wire.HeaderLen)
	for {
		if _, err := io.ReadFull(c.nc, head); err != nil {
			return closed
		}
		h := wire.ParseHeader(head)
		p := make([]byte, h.Length)
		if _, err := io.ReadFull(c.nc, p); err != nil {
			return closed
		}
		switch h.Type {
		case wire.Ping:
			if string(p) == "settled?" {
				return allRead
			}
		case wire.GoAway:
			if f, err := wire.ParseGoAway(h, p); err == nil && f.Code != wire.NoError {
				return end("GOAWAY " + f.Code.String())
			}
		}
	}
}

// lastWords are what a client that read nothing finds when it does at last, or what it knew already.
func (c *client) lastWords(known end) end {
	c.nc.SetReadDeadline(time.Now().Add(stallAfter))
	if how := c.read(); how != closed {
		return how
	}
	return known
}

// A bystander makes requests, one after the other, with golang.org/x/net's client.
type bystander struct {
	stop, stopped chan struct{}
	asked, failed int // constant after stopped
	slowest       time.Duration
	rate          float64 // requests a second
}

// station begins once the first request has been answered.
func station(addr string) *bystander {
	b := &bystander{stop: make(chan struct{}), stopped: make(chan struct{})}
	hc, closeIdle := stack.Client(stack.Protocols)
	hc.Timeout = 10 * time.Second
	first := make(chan struct{})
	go func() {
		start := time.Now()
		defer close(b.stopped)
		defer func() { b.rate = float64(b.asked) / time.Since(start).Seconds() }()
		defer closeIdle()
		for {
			begin := time.Now()
			b.asked++
			if err := ask(hc, "http://"+addr+"/"); err != nil {
				b.failed++
			}
			b.slowest = max(b.slowest, time.Since(begin))
			if b.asked == 1 {
				b.slowest = 0 // it dialled
				close(first)
			}
			select {
			case <-b.stop:
				return
			default:
			}
		}
	}()
	<-first
	return b
}

func (b *bystander) leave() {
	close(b.stop)
	<-b.stopped
}

func ask(hc *http.Client, url string) error {
	res, err := hc.Get(url)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		return fmt.Errorf("status %s", res.Status)
	}
	return nil
}
