package conn

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// prefaceTimeout is how long a client may take to send its preface. One that
// connects and says nothing would otherwise keep the connection for ever
// ("slowloris").
const prefaceTimeout = 10 * time.Second

var (
	ErrBodyClosed     = errors.New("body closed by handler")
	ErrPrefaceTimeout = errors.New("timeout waiting for client preface")
)

// PrefaceError is why a connection ended whose client did not send the HTTP/2
// preface.
type PrefaceError struct{ Err error }

func (e *PrefaceError) Error() string { return e.Err.Error() }
func (e *PrefaceError) Unwrap() error { return e.Err }

// reader is what the reader goroutine owns.
type reader struct {
	c   *Conn
	now time.Time // of the last read

	small  [idleReadSize]byte
	pooled *[]byte // from one of the pools, or nil
	bulk   bool    // the last read brought much
	buf    []byte  // small or *pooled
	r, w   int     // buf[r:w] is unread

	dec      *hpack.Decoder
	table    uint32 // our HEADER_TABLE_SIZE
	section  section
	clock    sectionClock
	settings bool    // the peer's first SETTINGS have arrived
	acked    bool    // and its acknowledgement of ours
	heard    bool    // more than a greeting has come since Conn.reads was last counted
	fed      []*Body // bodies with new content that a Read waits for; see caughtUp
}

func (in *reader) init(c *Conn, tableSize, maxList uint32) {
	if maxList == math.MaxUint32 {
		maxList = unannouncedList
	}
	in.c = c
	in.buf = in.small[:]
	in.now = time.Now()
	in.section.maxList = maxList
	in.section.free = freeExpansion + 2*uint64(tableSize)
	in.section.log = c.opt.Log.Debug.Decoded
	in.table = tableSize
	// RFC 9113 §4.3.1: until it acknowledges a smaller table, the peer may use the
	// default.
	in.dec = hpack.NewDecoder(max(tableSize, wire.DefaultHeaderTableSize), in.section.emit)
	in.dec.SetMaxStringLength(maxSectionSlack * int(maxList))
	in.section.dec = in.dec
}

// Serve reads until the connection ends, and returns why.
func (c *Conn) Serve() error {
	if c.opt.ReadsApart {
		c.readApart()
	} else {
		c.read()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dead
}

// read is the reader goroutine.
func (c *Conn) read() {
	err := c.in.run()
	if err == io.EOF && c.server != nil {
		c.writeFlushed(err)
	}
	c.Fail(err)
	c.in.stopSectionClock()
	c.in.freeBuffer()
}

// readApart is read on a goroutine of its own, which is not waited for when the
// connection has ended: its net.Conn is a program's own type, and a Read of it may
// go on waiting after Close.
func (c *Conn) readApart() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.read()
	}()
	select {
	case <-done:
		return
	case <-c.failed:
	}
	timer := time.NewTimer(closeTimeout)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// ReadsApart is Options.ReadsApart for nc: whether it is unknown that Close ends a
// Read that waits, as net.Conn demands. Such a connection costs another goroutine.
func ReadsApart(nc net.Conn) bool {
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return false
	}
	return true
}

func (in *reader) run() error {
	c := in.c
	c.act() // sends our SETTINGS
	if c.server != nil {
		if err := in.readPreface(); err != nil {
			return &PrefaceError{err}
		}
		c.server.Ready()
	}
	c.startClock()
	for {
		err := in.frames()
		in.caughtUp()
		if err != nil {
			if err := c.protocolError(err); err != nil {
				return err
			}
			continue
		}
		c.Lock()
		c.clock.read = in.now
		if in.heard || in.w > in.r {
			c.reads++
			in.heard = false
		}
		if c.sess.Backlogged() { // handlers' resets count, too
			c.waitForPeerLocked()
		}
		c.UnlockAndWake() // what this read brought about happens now
		in.watchSection()
		if err := in.fill(); err != nil {
			return err
		}
	}
}

// caughtUp wakes the goroutines that wait for what has been read, at the end of a
// read rather than frame by frame. So a goroutine that waits for a response finds
// all of it that has come, and does not compete with the reader for the
// connection's lock.
func (in *reader) caughtUp() {
	for i, b := range in.fed {
		b.wake()
		in.fed[i] = nil
	}
	in.fed = in.fed[:0]
	if in.c.client != nil {
		in.c.client.CaughtUp()
	}
}

// CatchUp is called by an Endpoint that is about to run a hook of the program's on
// the reader goroutine: the hook may wait for a goroutine that the reader has not
// woken yet.
func (c *Conn) CatchUp() { c.in.caughtUp() }

// protocolError answers err: a stream error with RST_STREAM, a connection error
// with GOAWAY. It returns an error once the connection has ended.
func (c *Conn) protocolError(err error) error {
	if se, ok := err.(*wire.StreamError); ok {
		c.count(err)
		if c.opt.Log.Verbose != nil {
			c.opt.Log.Verbose("http2: %s stream error from %v: %v", c.side(), c.nc.RemoteAddr(), se)
		}
		if err = c.resetForPeer(se); err == nil {
			return nil
		}
	}
	ce, ok := err.(*wire.ConnError)
	if !ok {
		return err
	}
	c.count(err)
	if c.opt.Log.Printf != nil {
		c.opt.Log.Printf("http2: %s connection error from %v: %v", c.side(), c.nc.RemoteAddr(), err)
	}
	c.endWith(ce)
	return c.in.discard()
}

// maxDiscarded is how much is read after a fatal GOAWAY, besides what the
// connection's window allows: headers, other frames, and what the network holds. A
// peer that goes on for longer ignores the GOAWAY, and would keep us busy with
// reading until the linger timer ends the connection.
const maxDiscarded = 1 << 20

// discard reads what the peer still sends, so that the peer can read our GOAWAY. It
// ends with the connection: the linger timer or the peer closes that.
func (in *reader) discard() error {
	c := in.c
	c.mu.Lock()
	left := int64(c.sess.ReceiveWindow()) + maxDiscarded
	c.mu.Unlock()
	for left > 0 {
		n, err := c.nc.Read(in.buf)
		if err != nil {
			return err
		}
		left -= int64(n)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.dead == nil {
		c.moved.wait(&c.mu)
	}
	return c.dead
}

// side is what log lines call our side.
func (c *Conn) side() string {
	if c.client != nil {
		return "Transport"
	}
	return "server"
}

func (c *Conn) count(err error) {
	if c.opt.Log.Count != nil {
		c.opt.Log.Count(err)
	}
}

// readPreface reads the client's connection preface (RFC 9113 §3.4).
func (in *reader) readPreface() error {
	if in.c.opt.SawPreface {
		return nil
	}
	in.c.awaitPreface()
	for in.w < len(wire.Preface) {
		n, err := in.c.nc.Read(in.buf[in.w:])
		in.w += n
		if got := min(in.w, len(wire.Preface)); string(in.buf[:got]) != wire.Preface[:got] {
			return fmt.Errorf("bogus greeting %q", in.buf[:got])
		}
		if err != nil && in.w < len(wire.Preface) {
			return err
		}
	}
	in.r = len(wire.Preface)
	if in.c.opt.Log.Verbose != nil {
		in.c.opt.Log.Verbose("http2: server: client %v said hello", in.c.nc.RemoteAddr())
	}
	return nil
}

// frames handles the complete frames in the buffer.
func (in *reader) frames() error {
	for in.w-in.r >= wire.HeaderLen {
		h := wire.ParseHeader(in.buf[in.r:])
		if !in.settings && isHTTP1(in.buf[in.r:in.w]) {
			return wire.ConnErrorf(wire.FrameSizeError, "frame_http1", "the frame header looked like an HTTP/1.1 header")
		}
		if h.Length > in.c.opt.Session.MaxFrameSize {
			return wire.ConnErrorf(wire.FrameSizeError, "frame_too_large", "%v of %d bytes", h.Type, h.Length)
		}
		end := in.r + wire.HeaderLen + int(h.Length)
		if end > in.w {
			return nil
		}
		payload := in.buf[in.r+wire.HeaderLen : end]
		in.r = end
		if in.c.opt.Log.Debug.Read != nil {
			in.c.opt.Log.Debug.Read(h, payload)
		}
		if err := in.frame(h, payload); err != nil {
			return err
		}
	}
	return nil
}

// isHTTP1 reports whether the first bytes that a peer sends are HTTP/1, as a server
// answers that knows no HTTP/2. Taken as a frame header they would announce 4.7 MB.
func isHTTP1(p []byte) bool { return bytes.HasPrefix(p, []byte("HTTP/1.")) }

// frame handles one frame.
func (in *reader) frame(h wire.Header, p []byte) error {
	if in.section.id != 0 && (h.Type != wire.Continuation || h.StreamID != in.section.id) {
		// RFC 9113 §6.10: a field section is not interrupted.
		return wire.ConnErrorf(wire.ProtocolError, "interrupted_headers", "%v on stream %d inside the field section of stream %d", h.Type, h.StreamID, in.section.id)
	}
	if !in.settings {
		if h.Type != wire.Settings || h.Flags.Has(wire.FlagAck) {
			// RFC 9113 §3.4.
			return wire.ConnErrorf(wire.ProtocolError, "first_settings", "first frame is %v", h.Type)
		}
		in.settings = true
	}
	in.heard = in.heard || !in.greeting(h)
	var err error
	switch h.Type {
	case wire.Data:
		err = in.data(h, p)
	case wire.Headers:
		err = in.headers(h, p)
	case wire.Continuation:
		err = in.continuation(h, p)
	default:
		err = in.controlFrame(h, p)
	}
	if in.section.complete {
		err = in.handOn()
		in.section.forget()
	}
	return err
}

// greeting reports whether a frame is part of what a peer sends at first, before it
// has read anything of ours. Such a frame does not show that the peer still
// answers.
func (in *reader) greeting(h wire.Header) bool {
	return !in.acked && h.StreamID == 0 && (h.Type == wire.Settings || h.Type == wire.WindowUpdate)
}

// data handles DATA.
func (in *reader) data(h wire.Header, p []byte) error {
	f, err := wire.ParseData(h, p)
	if err != nil {
		return err
	}
	c := in.c
	c.mu.Lock()
	st, err := c.sess.RecvData(f, in.now)
	if err == nil && st != nil && st.RemoteEnded() {
		s := st.Owner.(*Stream)
		if !in.deliver(s.Body, f.Data) {
			c.sess.Discard(st, len(f.Data))
		}
		s.endBodyLocked(nil)
		st = nil
	}
	c.Unlock()
	if err != nil || st == nil {
		return err
	}
	if b := st.Owner.(*Stream).Body; !in.deliver(b, f.Data) {
		b.discard(len(f.Data))
	}
	return nil
}

// deliver gives b data, which is copied. It reports false if the body has been
// closed.
func (in *reader) deliver(b *Body, data []byte) bool {
	wanted, waited := b.put(data)
	if waited {
		in.fed = append(in.fed, b)
	}
	return wanted
}
