package conn

import (
	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

// controlFrame handles everything but DATA and field sections.
func (in *reader) controlFrame(h wire.Header, p []byte) error {
	c := in.c
	switch h.Type {
	case wire.Settings:
		return in.recvSettings(h, p)
	case wire.Ping:
		return in.ping(h, p)
	case wire.WindowUpdate:
		n, err := wire.ParseWindowUpdate(h, p)
		if err != nil {
			return in.onStream(err, h)
		}
		return in.locked(func(s *session.Session) error {
			if err := s.EchoFrame(in.now); err != nil {
				return err
			}
			return s.RecvWindowUpdate(h.StreamID, n)
		})
	case wire.RSTStream:
		code, err := wire.ParseRSTStream(h, p)
		if err != nil {
			return err
		}
		return in.locked(func(s *session.Session) error { return s.RecvReset(h.StreamID, code, in.now) })
	case wire.GoAway:
		return in.goAway(h, p)
	case wire.Priority:
		f, err := wire.ParsePriority(h, p)
		if err != nil {
			return err
		}
		return in.locked(func(s *session.Session) error {
			if err := s.UselessFrame(in.now); err != nil {
				return err
			}
			return s.RecvPriority(f.StreamID, f.PriorityParam)
		})
	case wire.PriorityUpdate:
		f, err := wire.ParsePriorityUpdate(h, p)
		if err != nil {
			return err
		}
		if err := in.locked(func(s *session.Session) error { return s.CheckPriorityUpdate(f.PrioritizedID, in.now) }); err != nil {
			return err
		}
		return c.server.PriorityUpdate(f.PrioritizedID, string(f.Field))
	case wire.PushPromise:
		// RFC 9113 §8.4: a client cannot push, and ours has disabled it.
		return wire.ConnErrorf(wire.ProtocolError, "push_promise", "PUSH_PROMISE on stream %d", h.StreamID)
	}
	return in.uselessFrame() // RFC 9113 §5.5: unknown types are ignored
}

// onStream makes a stream error on an idle stream a connection error
// (RFC 9113 §5.1).
func (in *reader) onStream(err error, h wire.Header) error {
	if se, ok := err.(*wire.StreamError); ok {
		return in.locked(func(s *session.Session) error {
			if s.Idle(h.StreamID) {
				return wire.ConnErrorf(wire.ProtocolError, "stream_idle", "%v on idle stream %d", h.Type, h.StreamID)
			}
			return se
		})
	}
	return err
}

// locked runs f with the connection locked, and waits if so many replies are
// pending that nothing more should be read.
func (in *reader) locked(f func(*session.Session) error) error {
	c := in.c
	c.mu.Lock()
	err := f(c.sess)
	if err == nil && c.sess.Backlogged() {
		c.waitForPeerLocked()
	}
	c.Unlock()
	return err
}

// waitForPeerLocked has pending replies written, and waits until few are pending. A
// peer that does not read them is not read from. Only the reader calls it.
func (c *Conn) waitForPeerLocked() {
	c.mu.Unlock()
	c.in.caughtUp()
	c.mu.Lock()
	if !c.writing && c.dead == nil && c.sess.Backlogged() {
		c.wakeStandbyLocked(false)
	}
	for c.sess.Backlogged() && c.dead == nil {
		c.moved.wait(&c.mu)
	}
}

func (in *reader) uselessFrame() error {
	return in.locked(func(s *session.Session) error { return s.UselessFrame(in.now) })
}

func (in *reader) recvSettings(h wire.Header, p []byte) error {
	f, err := wire.ParseSettings(h, p)
	if err != nil {
		return err
	}
	var peer PeerSettings
	err = in.locked(func(s *session.Session) error {
		in.c.greetedLocked()
		if err := s.UselessFrame(in.now); err != nil {
			return err
		}
		err := s.RecvSettings(f)
		peer = PeerSettings{s.PeerMaxHeaderListSize(), s.PeerExtendedConnect()}
		return err
	})
	switch {
	case err != nil:
		return err
	case f.Ack:
		in.acked = true
		in.section.tableAcked(in.table)
	case in.c.client != nil:
		in.c.client.Settings(peer)
	}
	return nil
}

func (in *reader) ping(h wire.Header, p []byte) error {
	data, ack, err := wire.ParsePing(h, p)
	if err != nil {
		return err
	}
	if ack {
		return in.pingAck(data)
	}
	return in.locked(func(s *session.Session) error {
		if err := s.UselessFrame(in.now); err != nil {
			return err
		}
		s.RecvPing(data)
		return nil
	})
}

func (in *reader) pingAck(data [8]byte) error {
	c := in.c
	c.mu.Lock()
	c.sess.RecvPingAck(data, in.now)
	c.pingAckedLocked(data)
	c.Unlock()
	if c.client != nil {
		c.client.PingAcked(data)
	}
	return in.locked(func(s *session.Session) error { return s.EchoFrame(in.now) })
}

// goAway handles the peer's GOAWAY: we open no more streams.
func (in *reader) goAway(h wire.Header, p []byte) error {
	f, err := wire.ParseGoAway(h, p)
	if err != nil {
		return err
	}
	if err := in.uselessFrame(); err != nil {
		return err
	}
	in.c.end.GoAway(f)
	return in.locked(func(s *session.Session) error {
		s.RecvGoAway(f)
		return nil
	})
}
