package h2test

import (
	"io"
	"net"
	"time"
)

// A Conn is one end of an in-memory connection. It is a net.Conn with buffers without limit, like a network that
// never fails, until one of its controls says otherwise. The controls of a Conn concern what its own user sees: its
// Writes stall, its Reads are split.
//
// All that it waits for is a sync.Cond or a timer, so that a testing/synctest bubble knows when it is idle.
type Conn struct {
	in, out       *pipe
	local, remote net.Addr
}

// Pipe returns the two ends of a new connection.
func Pipe() (client, server *Conn) {
	up, down := newPipe(), newPipe()
	clientAddr := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 50000}
	serverAddr := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 443}
	return &Conn{in: down, out: up, local: clientAddr, remote: serverAddr},
		&Conn{in: up, out: down, local: serverAddr, remote: clientAddr}
}

func (c *Conn) LocalAddr() net.Addr  { return c.local }
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

func (c *Conn) fail(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}

// Read returns what the other end wrote. After the other end closed, and all of it was read, it returns io.EOF.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.fail("read", err)
}

// Write blocks while writes are stalled, or the buffer is at its limit.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.fail("write", err)
}

// Close ends both directions. What was written before remains to be read by the other end, whose writes fail with
// EPIPE from now on.
func (c *Conn) Close() error {
	if !c.out.closeWriter(true) {
		return c.fail("close", net.ErrClosed)
	}
	c.in.closeReader(nil)
	return nil
}

// CloseWrite ends the direction in which c writes: the other end reads io.EOF, and may still write.
func (c *Conn) CloseWrite() error {
	c.out.closeWriter(false)
	return nil
}

// Reset ends the connection as a TCP RST does: the other end loses what it has not read yet, and its reads and writes
// fail with ECONNRESET.
func (c *Conn) Reset() {
	c.out.closeWriter(true)
	c.out.abort(ErrReset)
	c.in.closeReader(ErrReset)
}

func (c *Conn) SetDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readDeadline, t)
	c.out.setDeadline(&c.out.writeDeadline, t)
	return nil
}

func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readDeadline, t)
	return nil
}

func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.writeDeadline, t)
	return nil
}

// StallWrites makes Writes block until ReleaseWrites, or until their deadline.
func (c *Conn) StallWrites() { c.out.control(func(p *pipe) { p.stalled = true }) }

// ReleaseWrites ends StallWrites.
func (c *Conn) ReleaseWrites() { c.out.control(func(p *pipe) { p.stalled = false }) }

// LimitBuffer makes Writes block while the other end has n bytes or more still to read. 0 means no limit.
func (c *Conn) LimitBuffer(n int) { c.out.control(func(p *pipe) { p.limit = n }) }

// FailWrites makes Writes fail with err once n more bytes have been written. The first to fail writes what remains
// of the n bytes.
func (c *Conn) FailWrites(n int, err error) {
	c.out.control(func(p *pipe) { p.failAfter, p.failure = n, err })
}

// SplitReads makes each Read return at most n bytes. 0 means no limit.
func (c *Conn) SplitReads(n int) { c.in.control(func(p *pipe) { p.chunk = n }) }

// Unread returns how many bytes c wrote that the other end has not read.
func (c *Conn) Unread() (n int) {
	c.out.control(func(p *pipe) { n = p.buf.Len() })
	return n
}

// Writes returns how often Write was called, and how many bytes it took.
func (c *Conn) Writes() (calls int, bytes int64) {
	c.out.control(func(p *pipe) { calls, bytes = p.calls, p.total })
	return calls, bytes
}
