package conn

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

// newWriter returns a writer that has the role, and nothing to write.
func newWriter() *writer {
	w := &writer{output: new(output)}
	w.enc = hpack.NewEncoder(w)
	return w
}

// frames are the headers of the frames in p, and their payloads together.
func frames(t *testing.T, p []byte) (all []wire.Header, payload []byte) {
	t.Helper()
	for len(p) > 0 {
		h := wire.ParseHeader(p)
		all = append(all, h)
		payload = append(payload, p[wire.HeaderLen:wire.HeaderLen+int(h.Length)]...)
		p = p[wire.HeaderLen+int(h.Length):]
	}
	return all, payload
}

func decode(t *testing.T, block []byte) []hpack.HeaderField {
	t.Helper()
	fields, err := hpack.NewDecoder(4096, nil).DecodeFull(block)
	if err != nil {
		t.Fatal(err)
	}
	return fields
}

// RFC 9113 §4.3, §6.10.
func TestAFieldSectionIsCutAtThePeersFrameSize(t *testing.T) {
	const maxFrame = 100
	for _, size := range []int{1, maxFrame - 10, maxFrame, 2 * maxFrame, 7*maxFrame + 1} {
		w, sec := newWriter(), session.NewSection()
		sec.Fields = append(sec.Fields, hpack.HeaderField{Name: "x", Value: strings.Repeat("\x01", size), Sensitive: true})
		w.batch.MaxFrame = maxFrame
		w.batch.Ops = append(w.batch.Ops, session.Op{Section: sec, StreamID: 3, EndStream: true})
		w.encode()
		all, block := frames(t, w.buf)
		for i, h := range all {
			last := i == len(all)-1
			if (h.Type == wire.Headers) != (i == 0) || h.Flags.Has(wire.FlagEndHeaders) != last || h.StreamID != 3 || h.Length > maxFrame || (!last && h.Length != maxFrame) {
				t.Errorf("%d bytes: frame %d of %d is %v", size, i, len(all), h)
			}
		}
		if !all[0].Flags.Has(wire.FlagEndStream) {
			t.Errorf("%d bytes: END_STREAM belongs on HEADERS", size)
		}
		if f := decode(t, block); len(f) != 1 || len(f[0].Value) != size {
			t.Errorf("%d bytes: %d fields", size, len(f))
		}
	}
}

// RFC 9113 §6.6.
func TestAPromiseNamesItsStreamBeforeItsFields(t *testing.T) {
	w, sec := newWriter(), session.NewSection()
	sec.Fields = append(sec.Fields, h2test.Fields(":method", "GET")...)
	w.batch.MaxFrame = wire.DefaultMaxFrameSize
	w.batch.Ops = append(w.batch.Ops, session.Op{Section: sec, StreamID: 1, Promised: 0x01020304})
	w.encode()
	all, payload := frames(t, w.buf)
	if len(all) != 1 || all[0].Type != wire.PushPromise || !bytes.HasPrefix(payload, []byte{1, 2, 3, 4}) {
		t.Fatalf("%v %x", all, payload)
	}
	if f := decode(t, payload[4:]); len(f) != 1 || f[0].Name != ":method" {
		t.Errorf("%v", f)
	}
}

// RFC 7541 §4.2: the smallest size between two blocks is announced, too.
func TestAChangedTableIsAnnouncedBeforeTheNextFields(t *testing.T) {
	w, sec := newWriter(), session.NewSection()
	sec.Fields = append(sec.Fields, h2test.Fields(":status", "200")...)
	w.batch.MaxFrame = wire.DefaultMaxFrameSize
	w.batch.TableChanged, w.batch.TableMin, w.batch.TableSize = true, 0, 100
	w.batch.Ops = append(w.batch.Ops, session.Op{Section: sec, StreamID: 1})
	w.encode()
	_, block := frames(t, w.buf)
	if want := []byte{sizeUpdate, sizeUpdate | 0x1f, 100 - 0x1f, 0x88}; !bytes.Equal(block, want) {
		t.Errorf("%x, want %x", block, want)
	}
}

func TestAHugeBatchIsNotKept(t *testing.T) {
	for name, o := range map[string]*output{
		"bytes":  {buf: make([]byte, 0, 4*outBufferSize)},
		"pieces": {batch: session.Batch{Ops: make([]session.Op, 0, 2*maxPooledOps)}},
		"frames": {batch: session.Batch{Raw: make([]byte, 0, 2*outBufferSize)}},
	} {
		o.free()
		if got := outputs.Get().(*output); got == o {
			t.Errorf("%s are kept", name)
		}
	}
}

// slowConn is a net.Conn each Write of which takes some bytes and then runs into its
// deadline, until nothing is taken any more.
type slowConn struct {
	net.Conn
	takes     []int
	written   []byte
	deadlines int
}

func (c *slowConn) SetWriteDeadline(time.Time) error {
	c.deadlines++
	return nil
}

func (c *slowConn) Write(p []byte) (int, error) {
	n := 0
	if len(c.takes) > 0 {
		n = min(c.takes[0], len(p))
		c.takes = c.takes[1:]
	}
	c.written = append(c.written, p[:n]...)
	if n < len(p) {
		return n, os.ErrDeadlineExceeded
	}
	return n, nil
}

func TestAWriteThatMovesSomethingGetsTheWholeTimeoutAgain(t *testing.T) {
	const text = "frames that are sent slowly"
	nc := &slowConn{takes: []int{1, 2, 100}}
	c := &Conn{nc: nc, opt: &Options{WriteByteTimeout: time.Second}}
	if err := c.flush([]byte(text)); err != nil || string(nc.written) != text || nc.deadlines != 3 {
		t.Errorf("%v; %q; %d deadlines", err, nc.written, nc.deadlines)
	}
	nc = &slowConn{takes: []int{5}}
	c.nc = nc
	if err := c.flush([]byte(text)); !errors.Is(err, os.ErrDeadlineExceeded) || nc.deadlines != 2 {
		t.Errorf("a Write that moves nothing: %v after %d deadlines", err, nc.deadlines)
	}
}

func TestAWriteThatFailsEndsTheConnection(t *testing.T) {
	runConn(t, 10, func(*Stream) {}, func(p *h2test.Peer, s *testServer) {
		broken := errors.New("the cable is gone")
		s.c.nc.(*h2test.Conn).FailWrites(0, broken)
		p.Request(1, h2test.EndStream)
		synctest.Wait()
		s.c.Lock()
		defer s.c.Unlock()
		if err := s.c.DeadLocked(); !errors.Is(err, broken) {
			t.Errorf("the connection ended with %v", err)
		}
	})
}

func TestFailWhenSentSendsEverythingFirst(t *testing.T) {
	runConn(t, 10, func(*Stream) {}, func(p *h2test.Peer, s *testServer) {
		conn := s.c.nc.(*h2test.Conn)
		conn.StallWrites()
		s.c.Lock()
		s.c.PingLocked([8]byte{1})
		s.c.UnlockAndWake()
		s.c.FailWhenSent(io.ErrClosedPipe)
		synctest.Wait()
		s.c.Lock()
		if s.c.DeadLocked() != nil {
			t.Error("PING has not been sent, and the connection is over")
		}
		s.c.Unlock()
		conn.ReleaseWrites()
		p.WantNow("what was to leave has", h2test.PingFrame(false, [8]byte{1}))
		synctest.Wait()
		s.c.Lock()
		defer s.c.Unlock()
		if s.c.DeadLocked() != io.ErrClosedPipe {
			t.Error("everything has been sent, and the connection is not over")
		}
	})
}

// A user's scheduler may have pieces sent that are larger than the buffers that are pooled.
func TestOutputBufferIsAsLargeAsItsBatchAndUsedAgain(t *testing.T) {
	w := newWriter()
	for _, n := range []int{0, 1, minOutBuffer / 2, minOutBuffer, 10 * minOutBuffer, outBufferSize, 5 * outBufferSize} {
		w.makeSpace(n)
		if len(w.buf) != 0 || cap(w.buf) < max(n, minOutBuffer) {
			t.Errorf("for %d bytes there are %d, %d of them used", n, cap(w.buf), len(w.buf))
		}
		first := &w.buf[:1][0]
		if w.makeSpace(n); &w.buf[:1][0] != first {
			t.Errorf("a second batch of %d bytes has another buffer", n)
		}
	}
}
