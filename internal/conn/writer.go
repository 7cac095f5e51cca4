package conn

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"sync"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

const (
	// batchBudget is about how much is sent in one write. It is large enough that the
	// system call costs little beside it, and small enough that a stream which becomes
	// ready does not wait long.
	batchBudget = 64 << 10

	// outBufferSize is the capacity of an output buffer: a batch that ends with a full
	// frame fits.
	outBufferSize = batchBudget + 20<<10

	// minOutBuffer is the capacity for small batches. Pools are emptied by the
	// collector, which a proxy runs a hundred times a second: with large buffers alone,
	// 1.3 KiB a call were garbage of this pool.
	minOutBuffer = 4 << 10
)

// writer is what the writer role owns.
type writer struct {
	enc      *hpack.Encoder          // writes to writer.Write
	log      func(hpack.HeaderField) // or nil
	direct   bool                    // constant: pieces that are lent are not copied
	greeting bool                    // our SETTINGS are being written, or have been
	wrote    bool                    // something has been written, or could not be

	*output // nil while no goroutine has the role
}

// output is the memory that writing needs. An idle connection has none.
type output struct {
	batch session.Batch
	buf   []byte // under construction
	loans loans  // what is written between the parts of buf
}

var outputs = sync.Pool{New: func() any { return new(output) }}

// maxPooledOps bounds the batches that are pooled: a peer that provokes one huge
// batch must not have us keep it.
const maxPooledOps = 1 << 12

// free gives o back to the pool. Its last emission had nothing to emit.
func (o *output) free() {
	if cap(o.buf) <= 2*outBufferSize && cap(o.batch.Ops) <= maxPooledOps && cap(o.batch.Raw) <= outBufferSize {
		outputs.Put(o)
	}
}

// Write implements io.Writer for the HPACK encoder.
func (w *writer) Write(p []byte) (int, error) {
	w.buf = append(w.buf, p...)
	return len(p), nil
}

// write writes until nothing is pending, and gives the writer role up. The caller
// has the role.
func (c *Conn) write() {
	c.out.output = outputs.Get().(*output)
	c.out.batch.Uncopied = c.out.direct
	for c.emit() {
		c.out.encode()
		var err error
		if c.out.loans.any() {
			err = c.flushLoans()
		} else {
			if c.out.batch.Lent() {
				c.returnLoans()
			}
			if c.opt.Log.Debug.Wrote != nil {
				c.logWritten(c.out.buf)
			}
			err = c.flush(c.out.buf)
		}
		if err != nil {
			c.writeFailed(err)
		}
		c.out.wrote = true
	}
}

// lastReadTimeout is how long a client reads on after its net.Conn has refused a
// write. Mostly the end comes at once.
const lastReadTimeout = time.Second

// writeFailed ends a connection whose net.Conn takes no more. A server that closes
// one may have said before which requests it has not processed (RFC 9113 §6.8), so a
// client reads to the end first. Only the standby writer writes there, and nothing
// waits for it. If it was the first write, there is no such request. A write that took
// too long says that the server is stuck.
func (c *Conn) writeFailed(err error) {
	if c.client == nil || !c.out.wrote || errors.Is(err, os.ErrDeadlineExceeded) {
		c.Fail(err)
		return
	}
	timer := time.AfterFunc(lastReadTimeout, func() { c.Fail(err) })
	defer timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unwritable = true
	for c.dead == nil {
		c.moved.wait(&c.mu)
	}
}

// UnwritableLocked reports whether the net.Conn has refused a write.
func (c *Conn) UnwritableLocked() bool { return c.unwritable }

// emit fills the batch. If there is nothing to write it reports false, and the
// caller has lost the writer role.
func (c *Conn) emit() bool {
	b := &c.out.batch
	b.Reset()
	c.mu.Lock()
	if c.dead == nil {
		c.noteGreetingLocked()
		if c.sess.Probing() {
			c.sess.Probe(time.Now())
		}
		c.sess.Emit(b, batchBudget)
		c.lending = b.Lent()
		if !c.sess.Backlogged() {
			c.moved.wake()
		}
	}
	if !b.Empty() {
		c.unlockAndTell()
		return true
	}
	c.out.output.free()
	c.out.output = nil
	c.writing = false
	c.moved.wake()
	last := c.last
	c.UnlockAndWake()
	if last != nil {
		c.Fail(last)
	}
	return false
}

// noteGreetingLocked closes Options.Greeted once the first batch, which has our
// SETTINGS, has been sent: that is when the writer comes for the next.
func (c *Conn) noteGreetingLocked() {
	if c.opt.Greeted == nil {
		return
	}
	if c.out.greeting {
		close(c.opt.Greeted)
		c.opt.Greeted = nil
	}
	c.out.greeting = true
}

// encode turns the batch into bytes.
func (w *writer) encode() {
	b := &w.batch
	w.makeSpace(b.Size())
	if b.TableChanged {
		w.enc.SetMaxDynamicTableSize(b.TableMin)
		w.enc.SetMaxDynamicTableSize(b.TableSize)
	}
	for i := range b.Ops {
		op := &b.Ops[i]
		switch {
		case op.Section != nil:
			w.encodeSection(op, b.MaxFrame)
			op.Section.Free()
		case op.Lent() && w.direct && len(op.Data) >= minLoan:
			w.loans.add(len(w.buf), op.Data)
		case op.Data != nil:
			w.buf = append(w.buf, op.Data...)
			if op.Buf != nil {
				op.Buf.Free()
			}
		default:
			w.buf = append(w.buf, b.Raw[op.From:op.To]...)
		}
	}
}

// makeSpace empties buf, and gives it the capacity for about n bytes: what a field
// section takes is not known before.
func (w *writer) makeSpace(n int) {
	if cap(w.buf) > 0 && cap(w.buf) >= n {
		w.buf = w.buf[:0]
		return
	}
	size := minOutBuffer
	for size < 2*n {
		size *= 2
	}
	w.buf = make([]byte, 0, max(n, min(size, outBufferSize)))
}

// encodeSection appends HEADERS or PUSH_PROMISE, and as many CONTINUATION frames as
// the peer's frame size makes necessary (RFC 9113 §4.3). The header goes in front
// once the length is known.
func (w *writer) encodeSection(op *session.Op, maxFrame int) {
	start := len(w.buf)
	h := wire.Header{Type: wire.Headers, StreamID: op.StreamID, Flags: wire.FlagEndHeaders}
	if op.EndStream {
		h.Flags |= wire.FlagEndStream
	}
	w.buf = wire.AppendHeader(w.buf, h)
	if op.Promised != 0 {
		h.Type = wire.PushPromise
		w.buf = append(w.buf, byte(op.Promised>>24), byte(op.Promised>>16), byte(op.Promised>>8), byte(op.Promised))
	}
	for _, f := range op.Section.Fields {
		if w.log != nil {
			w.log(f)
		}
		w.enc.WriteField(f) // never fails: the writer is ours
	}
	size := len(w.buf) - start - wire.HeaderLen
	if size > maxFrame {
		w.split(start, h, size, maxFrame)
		return
	}
	h.Length = uint32(size)
	wire.AppendHeader(w.buf[:start], h)
}

// split cuts the field section at start into frames of at most maxFrame bytes.
func (w *writer) split(start int, h wire.Header, size, maxFrame int) {
	payload := append([]byte(nil), w.buf[start+wire.HeaderLen:]...)
	w.buf = w.buf[:start]
	h.Flags &^= wire.FlagEndHeaders
	h.Length = uint32(maxFrame)
	w.buf = append(wire.AppendHeader(w.buf, h), payload[:maxFrame]...)
	for payload = payload[maxFrame:]; len(payload) > 0; {
		n := min(len(payload), maxFrame)
		w.buf = wire.AppendContinuation(w.buf, h.StreamID, n == len(payload), payload[:n])
		payload = payload[n:]
	}
}

// flush writes p. With WriteByteTimeout, the time begins anew after each write that
// moved something.
func (c *Conn) flush(p []byte) error {
	timeout := c.opt.WriteByteTimeout
	if timeout <= 0 {
		_, err := c.nc.Write(p)
		return err
	}
	for {
		c.nc.SetWriteDeadline(time.Now().Add(timeout))
		n, err := c.nc.Write(p)
		p = p[n:]
		if n == 0 || len(p) == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
}

// logWritten hands each frame in p to the log.
func (c *Conn) logWritten(p []byte) {
	p = bytes.TrimPrefix(p, []byte(wire.Preface))
	for len(p) >= wire.HeaderLen {
		h := wire.ParseHeader(p)
		end := wire.HeaderLen + int(h.Length)
		c.opt.Log.Debug.Wrote(h, p[wire.HeaderLen:end])
		p = p[end:]
	}
}

// standby is the writer that waits for the role. Its goroutine runs only while it
// is needed, and for a while after.
type standby struct {
	running bool
	wake    chan bool // here is the role, and whether others are to run first; closed: end
}

// wakeStandbyLocked hands the writer role, which is free, to the standby writer. With
// gather that lets the goroutines run first that are ready, and so writes together
// what they send. On a client it always does: those that were woken together by their
// responses send their next requests together, 24 a write instead of 8.
func (c *Conn) wakeStandbyLocked(gather bool) {
	c.writing = true
	s := &c.standby
	if !s.running {
		s.running = true
		if s.wake == nil {
			s.wake = make(chan bool, 1)
		}
		go c.standBy(s.wake)
		c.sweepLaterLocked()
	}
	s.wake <- gather || c.client != nil // does not block: there is one role
}

// standBy is the standby writer.
func (c *Conn) standBy(wake chan bool) {
	for gather := range wake {
		if gather {
			runtime.Gosched()
		}
		c.write()
	}
}

// dismissStandbyLocked ends the standby writer, once it is done with what it is
// writing.
func (c *Conn) dismissStandbyLocked() {
	s := &c.standby
	if !s.running {
		return
	}
	s.running = false
	close(s.wake)
	s.wake = nil
}
