package conn

import (
	"errors"
	"net"
	"os"
	"time"
)

// minLoan is the size of the smallest lent piece that is written from where it is.
// For smaller ones, one more element of the writev costs as much as the copy.
const minLoan = 4 << 10

// loans are the pieces of a batch that are not copied into the output buffer: one
// writev takes both. The writer role owns them.
type loans struct {
	pieces []loan // in order
	iov    net.Buffers
	list   net.Buffers // what iov is a part of
}

// loan is a piece that belongs after buf[:at].
type loan struct {
	at   int
	data []byte
}

// Gathers reports whether nc writes several pieces with one system call. TLS makes
// a record of each piece that it is given, so copying is better there. A program
// that wraps a net.Conn expects each write to go through its Write method.
func Gathers(nc net.Conn) bool {
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}

func (l *loans) any() bool               { return len(l.pieces) > 0 }
func (l *loans) add(at int, data []byte) { l.pieces = append(l.pieces, loan{at, data}) }

// gather makes the list of pieces to write: buf, with the loans between its parts.
func (l *loans) gather(buf []byte) {
	list, from := l.list[:0], 0
	for _, p := range l.pieces {
		if p.at > from {
			list = append(list, buf[from:p.at])
		}
		list, from = append(list, p.data), p.at
	}
	if from < len(buf) {
		list = append(list, buf[from:])
	}
	l.list, l.iov = list, list
}

// rest returns a copy of what has not been written.
func (l *loans) rest() (p []byte) {
	for _, b := range l.iov {
		p = append(p, b...)
	}
	return p
}

// forget drops the pieces: they are their lenders' again.
func (l *loans) forget() {
	clear(l.pieces)
	clear(l.list)
	l.pieces, l.list, l.iov = l.pieces[:0], l.list[:0], nil
}

// flushLoans is flush for a batch with loans, which are given back before it
// returns. It may take as long as the peer likes. A lender that cannot wait calls
// RecallLocked; then the rest is copied after all, and the loans are given back at
// once.
func (c *Conn) flushLoans() error {
	l := &c.out.loans
	l.gather(c.out.buf)
	err := c.writeLoans()
	var rest []byte
	if c.interrupted() && errors.Is(err, os.ErrDeadlineExceeded) {
		rest, err = l.rest(), nil
	}
	c.returnLoans()
	l.forget()
	if len(rest) > 0 {
		err = c.flush(rest)
	}
	return err
}

// interrupted reports whether RecallLocked has interrupted the write.
func (c *Conn) interrupted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.recalled
}

// returnLoans gives lent bytes back, and undoes a RecallLocked. It does both under
// one lock: otherwise a RecallLocked could come between and interrupt the next
// write.
func (c *Conn) returnLoans() {
	c.mu.Lock()
	if c.recalled {
		c.recalled = false
		c.nc.SetWriteDeadline(time.Time{})
	}
	c.lending = false
	c.sess.ReturnLent(&c.out.batch)
	c.unlockAndTell()
}

// writeLoans writes what has been gathered, until that fails or RecallLocked
// interrupts it. With WriteByteTimeout, the time begins anew after each write that
// moved something.
func (c *Conn) writeLoans() error {
	l, timeout := &c.out.loans, c.opt.WriteByteTimeout
	for {
		if timeout > 0 {
			c.mu.Lock()
			if !c.recalled {
				c.nc.SetWriteDeadline(time.Now().Add(timeout))
			}
			c.mu.Unlock()
		}
		n, err := l.iov.WriteTo(c.nc)
		if timeout <= 0 || n == 0 || len(l.iov) == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
}

// past is a deadline that interrupts a write at once.
var past = time.Unix(1, 0)

// RecallLocked interrupts the writer, so that lent bytes which it uses are given
// back soon, however slowly the peer reads.
func (c *Conn) RecallLocked() {
	if c.lending && !c.recalled && c.out.direct {
		c.recalled = true
		c.nc.SetWriteDeadline(past)
	}
}
