// Package relay puts a link between two ends of a connection: what one sends reaches the other later, and at no more
// than a rate. The delay is in transit: a sender goes on while what it has sent is on its way, as on a long cable. A relay
// that slept in Write would let a sender have one write under way, and measure something else.
//
// There is no loss and no congestion control: each end speaks TCP with the relay, which is near. What a real connection
// takes on top to find its rate (TCP's slow start) is not in the figures.
package relay

import (
	"bytes"
	"net"
	"sync"
	"time"
)

const (
	// segmentSize bounds what is taken from a sender at a time.
	segmentSize = 32 << 10
	// queueLimit is what waits for its turn to be sent, besides what is under way: a router's queue. More is not taken
	// from the sender.
	queueLimit = 1 << 20
)

// A Link is what lies between two ends.
type Link struct {
	Delay time.Duration // of each byte, one way
	Rate  int           // bytes a second, each way
}

// capacity is how many bytes the link takes in one direction before any of them has arrived.
func (l Link) capacity() int { return int(l.Delay.Seconds()*float64(l.Rate)) + queueLimit }

// Serve relays each connection that ln accepts to one that dial returns, until ln is closed.
func (l Link) Serve(ln net.Listener, dial func() (net.Conn, error)) error {
	for {
		near, err := ln.Accept()
		if err != nil {
			return err
		}
		far, err := dial()
		if err != nil {
			near.Close()
			continue
		}
		go l.Join(near, far)
	}
}

// Join relays between two connections until both directions have ended, and closes them.
func (l Link) Join(a, b net.Conn) {
	var both sync.WaitGroup
	both.Go(func() { l.carry(b, a) })
	both.Go(func() { l.carry(a, b) })
	both.Wait()
	a.Close()
	b.Close()
}

// carry is one direction. The end of what src sends arrives after all that it has sent.
func (l Link) carry(dst, src net.Conn) {
	t := newTransit(l)
	received := make(chan struct{})
	go func() {
		defer close(received)
		for s := t.next(); s.data != nil; s = t.next() {
			time.Sleep(time.Until(s.due))
			if _, err := dst.Write(s.data); err != nil {
				t.abandon()
				src.Close() // which ends the loop below
				return
			}
			t.arrived(s)
		}
		closeWrite(dst)
	}()
	buf := make([]byte, segmentSize)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			t.send(bytes.Clone(buf[:n]))
		}
		if err != nil {
			t.send(nil)
			break
		}
	}
	<-received
}

// closeWrite says that nothing more will come, where the connection can say that, and else closes it.
func closeWrite(nc net.Conn) {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
		return
	}
	nc.Close()
}
