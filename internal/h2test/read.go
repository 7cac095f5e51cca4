package h2test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// A Frame is a frame as a Peer reads it. A HEADERS or PUSH_PROMISE frame comes with the CONTINUATION frames that belong
// to it.
type Frame struct {
	wire.Header
	Payload       []byte // without those of CONTINUATION frames
	Fields        []hpack.HeaderField
	Continuations int
}

// cutFrame returns the frame at the beginning of b, and its size.
func cutFrame(b []byte) (f Frame, size int, ok bool) {
	if len(b) < wire.HeaderLen {
		return f, 0, false
	}
	f.Header = wire.ParseHeader(b)
	size = wire.HeaderLen + int(f.Length)
	if len(b) < size {
		return f, 0, false
	}
	f.Payload = b[wire.HeaderLen:size]
	return f, size, true
}

func (p *Peer) deadline() time.Time { return time.Now().Add(p.Patience) }

// Next returns the next frame, none of them ignored.
func (p *Peer) Next() Frame {
	p.t.Helper()
	f, err := p.next(p.deadline())
	if err != nil {
		p.t.Fatalf("no frame: %v", err)
	}
	return f
}

// next returns an error that says what went wrong on the other side, or wraps that of the connection.
func (p *Peer) next(deadline time.Time) (Frame, error) {
	if len(p.pending) > 0 {
		f := p.pending[0]
		p.pending = p.pending[1:]
		return f, nil
	}
	f, err := p.nextSingle(deadline)
	if err != nil {
		return f, err
	}
	switch f.Type {
	case wire.Headers, wire.PushPromise:
		return p.completeSection(f, deadline)
	case wire.Continuation:
		return f, fmt.Errorf("%v without a field section to continue", f)
	case wire.Settings:
		return f, p.takeSettings(f)
	case wire.Data:
		d, err := wire.ParseData(f.Header, f.Payload)
		if err == nil {
			err = p.windows.received(d)
		}
		return f, err
	}
	return f, nil
}

// nextSingle reads a frame and adds it to the trace, except for one that begins or continues a field section.
func (p *Peer) nextSingle(deadline time.Time) (Frame, error) {
	for {
		if f, n, ok := cutFrame(p.in); ok {
			f.Payload = slices.Clone(f.Payload)
			p.in = p.in[n:]
			if f.Type != wire.Headers && f.Type != wire.PushPromise {
				p.trace.frame(false, f)
			}
			if f.Length > p.maxFrameSize {
				return f, fmt.Errorf("%v of %d bytes, and SETTINGS_MAX_FRAME_SIZE is %d", f.Type, f.Length, p.maxFrameSize)
			}
			return f, nil
		}
		if err := p.fill(deadline); err != nil {
			return Frame{}, err
		}
	}
}

const readSize = 32 << 10

// fill reads more into p.in.
func (p *Peer) fill(deadline time.Time) error {
	p.in = slices.Grow(p.in, readSize)
	p.conn.SetReadDeadline(deadline)
	n, err := p.conn.Read(p.in[len(p.in) : len(p.in)+readSize])
	p.in = p.in[:len(p.in)+n]
	if n > 0 {
		return nil
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		p.trace.note(false, "(%v)", err)
	}
	return err
}

// readBytes reads n bytes that aren't frames.
func (p *Peer) readBytes(n int) []byte {
	p.t.Helper()
	deadline := p.deadline()
	for len(p.in) < n {
		if err := p.fill(deadline); err != nil {
			p.t.Fatalf("read: %v", err)
		}
	}
	b := p.in[:n]
	p.in = p.in[n:]
	return b
}

// completeSection reads and decodes the rest of a field section.
func (p *Peer) completeSection(f Frame, deadline time.Time) (Frame, error) {
	block, ended, err := sectionStart(f)
	if err != nil {
		p.trace.frame(false, f)
		return f, err
	}
	block = slices.Clone(block)
	for !ended {
		next, err := p.nextSingle(deadline)
		if err != nil {
			return f, fmt.Errorf("%v: its field section isn't completed: %w", f, err)
		}
		if next.Type != wire.Continuation || next.StreamID != f.StreamID {
			return f, fmt.Errorf("%v interrupts the field section of stream %d", next, f.StreamID)
		}
		block = append(block, next.Payload...)
		ended = next.Flags.Has(wire.FlagEndHeaders)
		f.Continuations++
	}
	p.decoded = nil
	_, err = p.dec.Write(block)
	if err == nil {
		err = p.dec.Close()
	}
	f.Fields = p.decoded
	p.trace.frame(false, f)
	if err != nil {
		return f, fmt.Errorf("%v: HPACK: %w", f, err)
	}
	return f, nil
}

func sectionStart(f Frame) (block []byte, ended bool, err error) {
	if f.Type == wire.PushPromise {
		pp, err := wire.ParsePushPromise(f.Header, f.Payload)
		return pp.Fragment, pp.EndHeaders, err
	}
	h, err := wire.ParseHeaders(f.Header, f.Payload)
	return h.Fragment, h.EndHeaders, err
}

// takeSettings heeds the other side's settings where frames can't be sent otherwise.
func (p *Peer) takeSettings(f Frame) error {
	s, err := wire.ParseSettings(f.Header, f.Payload)
	if err != nil {
		return err
	}
	for i := range s.Len() {
		setting := s.At(i)
		if err := setting.Valid(); err != nil {
			return err
		}
		p.settings[setting.ID] = setting.Val
		switch setting.ID {
		case wire.SettingHeaderTableSize:
			p.enc.SetMaxDynamicTableSizeLimit(setting.Val)
		case wire.SettingMaxFrameSize:
			p.maxSendSize = int(setting.Val)
		}
	}
	return nil
}
