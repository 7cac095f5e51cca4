package http2

import (
	"fmt"
	"io"
	"sync"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// fuzzFill, a frame type that RFC 9113 has everybody ignore, stands for much content: as many KiB of DATA on its stream
// as its payload has bytes, as far as the server's windows allow.
const fuzzFill wire.FrameType = 0xf1

// maxFilled bounds what all of them together come to.
const maxFilled = 8 << 20

// fuzzPeer is the peer of what is fuzzed. It keeps to windows where it fills them.
type fuzzPeer struct {
	c *h2test.Conn

	mu    sync.Mutex
	heard []byte // what the other side has sent; guarded by mu
	ended chan struct{}

	parsed  int              // bytes of heard that the windows know
	conn    int64            // the connection's window
	initial int64            // that of a new stream
	streams map[uint32]int64 // what streams have beyond that
	filled  int64
	greedy  bool // it may have given cause for a FLOW_CONTROL_ERROR
}

// newFuzzPeer returns a peer that has not sent anything. The other side's first frame follows skip bytes.
func newFuzzPeer(c *h2test.Conn, skip int) *fuzzPeer {
	p := &fuzzPeer{c: c, parsed: skip, conn: wire.DefaultWindow, initial: wire.DefaultWindow}
	p.ended, p.streams = make(chan struct{}), map[uint32]int64{}
	go func() {
		defer close(p.ended)
		io.Copy(p, c)
	}()
	return p
}

// Write takes what the other side sends.
func (p *fuzzPeer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = append(p.heard, b...)
	return len(b), nil
}

// play sends frames, fills windows, and makes the pauses between. What is not a whole frame comes last.
func (p *fuzzPeer) play(stream []byte) {
	var pending []byte
	for _, f := range cutFrames(stream) {
		stream = stream[len(f):]
		h := wire.ParseHeader(f)
		switch h.Type {
		case fuzzPause, fuzzFill:
		default:
			p.note(h, f[wire.HeaderLen:])
			pending = append(pending, f...)
			continue
		}
		p.c.Write(pending)
		pending = pending[:0]
		synctest.Wait()
		if h.Type == fuzzFill {
			p.fill(h.StreamID, int64(h.Length)<<10)
		} else {
			time.Sleep(time.Duration(h.Length) * time.Millisecond)
		}
	}
	p.c.Write(append(pending, stream...))
	synctest.Wait()
}

// note takes note of a frame that is sent as it is.
func (p *fuzzPeer) note(h wire.Header, payload []byte) {
	const much = 1 << 20 // so many frames of this do not fit into what is fuzzed that a window could overflow
	switch h.Type {
	case wire.Data:
		p.update()
		p.sending(h.StreamID, int64(h.Length))
	case wire.WindowUpdate:
		n, err := wire.ParseWindowUpdate(h, payload)
		p.greedy = p.greedy || err == nil && n > much
	case wire.Settings:
		settings, err := wire.ParseSettings(h, payload)
		for i := 0; err == nil && i < settings.Len(); i++ {
			s := settings.At(i)
			p.greedy = p.greedy || s.ID == wire.SettingInitialWindowSize && s.Val > much
		}
	}
}

// fill sends n bytes of content, or as many as may be sent.
func (p *fuzzPeer) fill(id uint32, n int64) {
	for n = min(n, maxFilled-p.filled); n > 0; {
		synctest.Wait()
		p.update()
		size := min(n, p.conn, p.initial+p.streams[id], wire.DefaultMaxFrameSize)
		if size <= 0 {
			return
		}
		p.sending(id, size)
		p.c.Write(wire.AppendData(nil, id, false, make([]byte, size)))
		p.filled += size
		n -= size
	}
}

// sending counts n bytes of DATA on a stream.
func (p *fuzzPeer) sending(id uint32, n int64) {
	p.conn -= n
	p.streams[id] -= n
	if p.conn < 0 || p.initial+p.streams[id] < 0 {
		p.greedy = true
	}
}

// update counts what has been granted meanwhile.
func (p *fuzzPeer) update() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range cutFrames(p.heard[min(p.parsed, len(p.heard)):]) {
		p.parsed += len(f)
		h, payload := wire.ParseHeader(f), f[wire.HeaderLen:]
		switch h.Type {
		case wire.WindowUpdate:
			n, err := wire.ParseWindowUpdate(h, payload)
			switch {
			case err != nil:
			case h.StreamID == 0:
				p.conn += int64(n)
			default:
				p.streams[h.StreamID] += int64(n)
			}
		case wire.Settings:
			settings, err := wire.ParseSettings(h, payload)
			for i := 0; err == nil && i < settings.Len(); i++ {
				if s := settings.At(i); s.ID == wire.SettingInitialWindowSize {
					p.initial = int64(s.Val)
				}
			}
		}
	}
}

// check is an error if a window has become larger than the largest, mostConn for that of the connection, or if the
// other side has ended something because of them though this one has kept to them. The first frame follows skip bytes.
func (p *fuzzPeer) check(mostConn int64, skip int) error {
	p.update()
	if p.conn > mostConn {
		return fmt.Errorf("the connection's window is %d", p.conn)
	}
	for id, n := range p.streams {
		if p.initial+n > maxStreamWindow {
			return fmt.Errorf("the window of stream %d is %d", id, p.initial+n)
		}
	}
	for _, f := range cutFrames(p.heard[min(skip, len(p.heard)):]) {
		if h := wire.ParseHeader(f); !p.greedy && blames(h, f[wire.HeaderLen:], wire.FlowControlError) {
			return fmt.Errorf("%v for a peer that keeps to windows", h)
		}
	}
	return nil
}

// blames reports whether a frame ends a stream or the connection with code.
func blames(h wire.Header, payload []byte, code wire.ErrCode) bool {
	at := map[wire.FrameType]int{wire.RSTStream: 3, wire.GoAway: 7}[h.Type]
	return at > 0 && payload[at] == byte(code)
}

// all is what the other side has sent, once it has ended.
func (p *fuzzPeer) all() []byte {
	<-p.ended
	return p.heard
}
