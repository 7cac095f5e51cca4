package http2

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// output is all that one side of a connection has sent, held against RFC 9113. What it was granted it may have had at
// any time: only the most of it counts. But what a client says before its first request, the server knows.
type output struct {
	client  bool // it is the client's
	initial int64
	conn    int64 // left of the connection's window
	streams map[uint32]*outputStream
	newest  uint32 // that it opened
	theirs  uint32 // the newest that the peer opened
	last    uint32 // of its GOAWAY frames

	dec     *hpack.Decoder
	fields  []hpack.HeaderField
	section wire.HeadersFrame // under assembly
	promise bool
}

type outputStream struct {
	window int64 // granted on top of initial, less what was used
	open   bool  // its first section has been sent
	header bool  // has the final field section
	ended  bool
	reset  bool
}

// checkOutput returns what is wrong with what a side has sent, the preface excluded, to a peer that sent what it did.
func checkOutput(sent, granted []byte, client bool) error {
	o := &output{client: client, initial: wire.DefaultWindow, conn: wire.DefaultWindow, last: math.MaxUint32}
	o.streams = make(map[uint32]*outputStream)
	o.dec = hpack.NewDecoder(wire.DefaultHeaderTableSize, func(f hpack.HeaderField) { o.fields = append(o.fields, f) })
	o.dec.SetAllowedMaxDynamicTableSize(math.MaxUint32)
	fr := NewFramer(nil, bytes.NewReader(sent))
	fr.SetMaxReadFrameSize(o.grant(granted))
	for n := 0; ; n++ {
		f, err := fr.ReadFrame()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = o.check(f, n)
		}
		if err != nil {
			return fmt.Errorf("frame %d, %v: %w", n, f, err)
		}
	}
}

// grant takes note of what the peer grants, and returns the largest frame it takes.
func (o *output) grant(b []byte) uint32 {
	maxFrame := uint32(wire.DefaultMaxFrameSize)
	known := !o.client
	for _, f := range cutFrames(b) {
		h, p := wire.ParseHeader(f), f[wire.HeaderLen:]
		switch h.Type {
		case wire.Headers:
			o.stream(h.StreamID).open = true
			known = false
			o.theirs = max(o.theirs, h.StreamID)
		case wire.WindowUpdate:
			n, err := wire.ParseWindowUpdate(h, p)
			if err == nil && h.StreamID == 0 {
				o.conn += int64(n)
			} else if err == nil {
				o.stream(h.StreamID).window += int64(n)
			}
		case wire.Settings:
			settings, err := wire.ParseSettings(h, p)
			for i := 0; err == nil && i < settings.Len(); i++ {
				switch s := settings.At(i); s.ID {
				case wire.SettingInitialWindowSize:
					if known {
						o.initial = 0
					}
					o.initial = max(o.initial, int64(s.Val))
				case wire.SettingMaxFrameSize:
					maxFrame = max(maxFrame, s.Val)
				}
			}
		}
	}
	return maxFrame
}

// cutFrames returns the whole frames that b begins with.
func cutFrames(b []byte) (frames [][]byte) {
	for len(b) >= wire.HeaderLen {
		n := wire.HeaderLen + int(wire.ParseHeader(b).Length)
		if len(b) < n {
			break
		}
		frames, b = append(frames, b[:n]), b[n:]
	}
	return frames
}

func (o *output) stream(id uint32) *outputStream {
	st := o.streams[id]
	if st == nil {
		st = new(outputStream)
		o.streams[id] = st
	}
	return st
}

func (o *output) check(f Frame, n int) error {
	h := f.Header()
	if n == 0 && (h.Type != FrameSettings || h.Flags.Has(FlagSettingsAck)) {
		return errors.New("SETTINGS come first (RFC 9113 §3.4)")
	}
	switch f := f.(type) {
	case *DataFrame:
		return o.data(f)
	case *HeadersFrame:
		o.section = wire.HeadersFrame{StreamID: h.StreamID, EndStream: f.StreamEnded()}
		o.promise = false
		return o.fragment(f.HeaderBlockFragment(), f.HeadersEnded())
	case *PushPromiseFrame:
		if err := o.opens(f.PromiseID); o.client || err != nil {
			return fmt.Errorf("a promise: %v", err)
		}
		o.section = wire.HeadersFrame{StreamID: h.StreamID}
		o.promise = true
		return o.fragment(f.HeaderBlockFragment(), f.HeadersEnded())
	case *ContinuationFrame:
		return o.fragment(f.HeaderBlockFragment(), f.HeadersEnded())
	case *RSTStreamFrame:
		// It may come again, if the peer goes on about a stream that is closed (RFC 9113 §5.4.2).
		if h.StreamID > max(o.newest, o.theirs) {
			return errors.New("RST_STREAM of an idle stream (RFC 9113 §6.4)")
		}
		st := o.stream(h.StreamID)
		st.reset = true
	case *WindowUpdateFrame:
		if h.StreamID != 0 && (o.stream(h.StreamID).reset || !o.stream(h.StreamID).open) {
			return errors.New("WINDOW_UPDATE of a stream that is idle or closed (RFC 9113 §5.1)")
		}
	case *GoAwayFrame:
		if f.LastStreamID > o.last {
			return fmt.Errorf("the last stream goes up from %d (RFC 9113 §6.8)", o.last)
		}
		o.last = f.LastStreamID
	}
	return nil
}

// opens is a stream that this side opens.
func (o *output) opens(id uint32) error {
	if (id%2 == 1) != o.client || id <= o.newest {
		return fmt.Errorf("stream %d after %d (RFC 9113 §5.1.1)", id, o.newest)
	}
	o.newest = id
	o.stream(id).open = true
	return nil
}

func (o *output) data(f *DataFrame) error {
	st := o.stream(f.StreamID)
	if err := st.mayFollow(); err != nil || !st.header {
		return fmt.Errorf("DATA, with a header before it %v: %w", st.header, err)
	}
	o.conn -= int64(f.Length)
	st.window -= int64(f.Length)
	if o.conn < 0 || f.Length > 0 && o.initial+st.window < 0 {
		return fmt.Errorf("beyond flow control: %d, %d (RFC 9113 §6.9)", o.conn, o.initial+st.window)
	}
	st.ended = f.StreamEnded()
	return nil
}

// mayFollow is RFC 9113 §5.1 for DATA and field sections.
func (st *outputStream) mayFollow() error {
	if !st.open || st.ended || st.reset {
		return fmt.Errorf("open %v, after END_STREAM %v, after RST_STREAM %v (RFC 9113 §5.1)", st.open, st.ended, st.reset)
	}
	return nil
}

func (o *output) fragment(p []byte, end bool) error {
	_, err := o.dec.Write(p)
	if err == nil && end {
		err = o.dec.Close()
	}
	if err != nil || !end {
		return err
	}
	fields := o.fields
	o.fields = nil
	st := o.stream(o.section.StreamID)
	if o.client && !st.open {
		if err := o.opens(o.section.StreamID); err != nil {
			return err
		}
	}
	if err := st.mayFollow(); err != nil || o.promise {
		return err
	}
	return st.fieldSection(fields, o.section.EndStream)
}

func (st *outputStream) fieldSection(fields []hpack.HeaderField, end bool) error {
	if len(fields) == 0 {
		return errors.New("an empty field section")
	}
	pseudo := strings.HasPrefix(fields[0].Name, ":")
	informational := fields[0].Name == ":status" && fields[0].Value[0] == '1'
	switch {
	case pseudo == st.header, informational && end:
		return fmt.Errorf("%v are not in their place (RFC 9113 §8.1)", fields)
	case st.header && !end:
		return errors.New("trailers without END_STREAM (RFC 9113 §8.1)")
	}
	st.header = !informational
	st.ended = end
	return nil
}
