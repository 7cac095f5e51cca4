package conn

import (
	"time"

	"h2fork.example/net/internal/wire"
)

// sectionTimeout is how long a field section may take that has begun, unless
// Options.SectionTimeout says otherwise. With half a section, or half a HEADERS
// frame, a peer could otherwise occupy the connection and its memory for as long as
// it likes ("slowloris").
const sectionTimeout = 10 * time.Second

// sectionClock is the reader's watch over field sections.
type sectionClock struct {
	watched uint32      // number of the section for which timer runs; 0 if it does not
	timer   *time.Timer // nil until there was half a section after a read
}

// unfinished is the number of the field section that has begun and not ended; 0 if
// there is none. A part of its HEADERS frame is enough to begin one.
func (in *reader) unfinished() uint32 {
	const typeAt = 3 // in a frame header, after the length
	switch {
	case in.section.id != 0:
		return in.section.number
	case in.w-in.r > typeAt && wire.FrameType(in.buf[in.r+typeAt]) == wire.Headers:
		return in.section.number + 1
	}
	return 0
}

// watchSection starts the timer if what has been read ends in the middle of a field
// section, and stops it when the rest has come.
func (in *reader) watchSection() {
	n, k := in.unfinished(), &in.clock
	if n == k.watched || in.c.opt.SectionTimeout < 0 {
		return
	}
	k.watched = n
	switch {
	case n == 0:
		k.timer.Stop()
	case k.timer == nil:
		k.timer = time.AfterFunc(in.c.opt.SectionTimeout, in.c.sectionTooLate)
	default:
		k.timer.Reset(in.c.opt.SectionTimeout)
	}
}

func (in *reader) stopSectionClock() {
	if in.clock.timer != nil {
		in.clock.timer.Stop()
	}
}

// sectionTooLate ends the connection: no other frame may come before the rest of
// the section does.
func (c *Conn) sectionTooLate() {
	err := wire.ConnErrorf(wire.EnhanceYourCalm, "headers_timeout", "a field section was not complete after %v", c.opt.SectionTimeout)
	c.mu.Lock()
	ended := c.dead != nil
	c.mu.Unlock()
	if ended {
		return
	}
	c.count(err)
	if c.opt.Log.Printf != nil {
		c.opt.Log.Printf("http2: %s connection error from %v: %v", c.side(), c.nc.RemoteAddr(), err)
	}
	c.endWith(err)
}

// endWith makes the GOAWAY for err pending.
func (c *Conn) endWith(err *wire.ConnError) {
	c.Lock()
	c.sess.GoAway(err.Code, err.Reason)
	if c.client != nil {
		c.sess.CloseAll(err) // a response from such a server cannot be trusted
	}
	c.UnlockAndWake()
}
