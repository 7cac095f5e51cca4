package conn

import (
	"errors"
	"net"
	"os"
	"time"
)

// minLoan is the size from which on a lent piece is written from where it is:
// below, one more element of the writev costs as much as the copy.
const minLoan = 4 << 10

// loans are the pieces of a batch that are not copied into the output buffer: one
// writev takes both. They are the writer role's.
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

// Gathers reports whether nc writes several pieces with one system call. TLS
// makes records of what it is given, so there copying is the better way; and a
// net.Conn that somebody has wrapped wants to see its Writes.
func Gathers(nc net.Conn) bool {
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}

func (l *loans) any() bool               { return len(l.pieces) > 0 }
func (l *loans) add(at int, data []byte) { l.pieces = append(l.pieces, loan{at, data}) }

// gather makes the list of pieces to write, of buf and what belongs between.
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

// rest is a copy of what has not been written.
func (l *loans) rest() (p []byte) {
	for _, b := range l.iov {
		p = append(p, b...)
	}
	return p
}

// forget lets go of the pieces: they are their lenders' again.
func (l *loans) forget() {
	clear(l.pieces)
	clear(l.list)
	l.pieces, l.list, l.iov = l.pieces[:0], l.list[:0], nil
}

// flushLoans is flush for a batch with loans, which are given back before it
// returns. It may take as long as the peer likes; a lender that cannot wait calls
// Recall, and then the rest is copied after all.
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

// interrupted reports whether there has been a Recall.
func (c *Conn) interrupted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.recalled
}

// returnLoans gives lent bytes back, and undoes a Recall: under the lock that RecallLocked
// needs, so that none comes between and interrupts the next write.
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

// writeLoans writes what has been gathered, until that fails or is recalled. With
// WriteByteTimeout, each write that moves something gets the whole of it again.
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

// past is a deadline that interrupts a write under way.
var past = time.Unix(1, 0)

// RecallLocked has the bytes that the writer uses given back soon, however slowly the
// peer reads.
func (c *Conn) RecallLocked() {
	if c.lending && !c.recalled && c.out.direct {
		c.recalled = true
		c.nc.SetWriteDeadline(past)
	}
}
