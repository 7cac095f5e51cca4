package http2

import (
	"context"
	"crypto/rand"
)

// Ping sends a PING and waits for its acknowledgement, for ctx or for the end of
// the connection.
func (cc *ClientConn) Ping(ctx context.Context) error {
	acked := make(chan struct{})
	var data [8]byte
	cc.c.Lock()
	for taken := true; taken; _, taken = cc.pings[data] {
		rand.Read(data[:])
	}
	cc.pings[data] = acked
	cc.c.PingLocked(data)
	cc.c.UnlockAndWake()
	defer func() {
		cc.c.Lock()
		delete(cc.pings, data)
		cc.c.Unlock()
	}()
	select {
	case <-acked:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-cc.ended:
		cc.c.Lock()
		defer cc.c.Unlock()
		return cc.c.DeadLocked()
	}
}

// PingAcked implements conn.Client.
func (e *clientEndpoint) PingAcked(data [8]byte) {
	cc := e.cc()
	cc.c.Lock()
	if ch, ok := cc.pings[data]; ok {
		close(ch)
		delete(cc.pings, data)
	}
	cc.c.Unlock()
	cc.noteState()
}
