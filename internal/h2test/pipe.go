package h2test

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// A pipe is one direction of a connection.
type pipe struct {
	mu      sync.Mutex
	changed sync.Cond // anything below did

	// All guarded by mu.
	buf           bytes.Buffer // written, and not read yet
	writing       bool         // a Write is at work: others wait, so that theirs isn't mixed with it
	writeDeadline deadline
	readDeadline  deadline

	writerDone   bool  // nothing more will be written
	writerClosed bool  // by the writer's Close, after which its Writes fail
	readerClosed bool  // by the reader's Close
	aborted      error // what the reader gets in place of what is in buf

	// Controls.
	stalled   bool
	limit     int // of buf; 0 for none
	chunk     int // of a read; 0 for none
	failAfter int // bytes until Writes fail with failure
	failure   error

	writerError error // what Writes get after readerClosed
	calls       int
	total       int64
}

func newPipe() *pipe {
	p := new(pipe)
	p.changed.L = &p.mu
	return p
}

func (p *pipe) control(f func(*pipe)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
	p.changed.Broadcast()
}

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.readerClosed:
			return 0, net.ErrClosed
		case p.aborted != nil:
			return 0, p.aborted
		case p.readDeadline.passed:
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case p.buf.Len() > 0:
			if p.chunk > 0 {
				b = b[:min(len(b), p.chunk)]
			}
			n, _ := p.buf.Read(b)
			p.changed.Broadcast()
			return n, nil
		case p.writerDone:
			return 0, io.EOF
		}
		p.changed.Wait()
	}
}

func (p *pipe) write(b []byte) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.writing {
		p.changed.Wait()
	}
	p.writing = true
	defer func() {
		p.writing = false
		p.changed.Broadcast()
	}()
	p.calls++
	for {
		if err := p.writeError(); err != nil {
			return n, err
		}
		k := p.accepts(len(b) - n)
		p.buf.Write(b[n : n+k])
		p.total += int64(k)
		n += k
		if p.failure != nil {
			p.failAfter -= k
		}
		if n == len(b) {
			return n, nil
		}
		p.changed.Broadcast()
		if k == 0 {
			p.changed.Wait()
		}
	}
}

// writeError returns why nothing more can be written.
func (p *pipe) writeError() error {
	switch {
	case p.writerClosed:
		return net.ErrClosed
	case p.writerDone: // by CloseWrite
		return ErrPipe
	case p.readerClosed:
		return p.writerError
	case p.writeDeadline.passed:
		return os.ErrDeadlineExceeded
	case p.failure != nil && p.failAfter <= 0:
		return p.failure
	}
	return nil
}

// accepts returns how many of n bytes can be written now.
func (p *pipe) accepts(n int) int {
	if p.stalled {
		return 0
	}
	if p.limit > 0 {
		n = min(n, max(0, p.limit-p.buf.Len()))
	}
	if p.failure != nil {
		n = min(n, p.failAfter)
	}
	return n
}

// closeWriter reports whether the writer had not been closed before.
func (p *pipe) closeWriter(closed bool) (first bool) {
	p.control(func(p *pipe) {
		first = !p.writerClosed
		p.writerDone = true
		if closed {
			p.writerClosed = true
			p.writeDeadline.stop()
		}
	})
	return first
}

// closeReader makes Writes fail with err, or with EPIPE.
func (p *pipe) closeReader(err error) {
	if err == nil {
		err = ErrPipe
	}
	p.control(func(p *pipe) {
		p.readerClosed, p.writerError = true, err
		p.buf.Reset()
		p.readDeadline.stop()
	})
}

func (p *pipe) abort(err error) { p.control(func(p *pipe) { p.aborted = err }) }

// A deadline is guarded by its pipe's mu.
type deadline struct {
	timer  *time.Timer
	passed bool
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

// setDeadline sets one of p's deadlines; the zero time means none.
func (p *pipe) setDeadline(d *deadline, t time.Time) {
	p.control(func(p *pipe) {
		d.stop()
		d.passed = false
		if t.IsZero() {
			return
		}
		wait := time.Until(t)
		if wait <= 0 {
			d.passed = true
			return
		}
		var timer *time.Timer
		timer = time.AfterFunc(wait, func() {
			p.control(func(*pipe) {
				if d.timer == timer { // and not replaced while we waited for mu
					d.passed = true
				}
			})
		})
		d.timer = timer
	})
}
