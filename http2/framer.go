package http2

import (
	"errors"
	"fmt"
	"io"
	"log"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// ErrFrameTooLarge is returned for a frame larger than SetMaxReadFrameSize allows
// to read, or than the 24 bits of its length can say when it is written.
var ErrFrameTooLarge = errors.New("http2: frame too large")

// A Framer reads and writes frames one by one, without a connection's state. One
// goroutine may read while another writes, but no two may do the same at once.
type Framer struct {
	r io.Reader
	w io.Writer

	// Owned by the goroutine that reads.
	headerBuf   [wire.HeaderLen]byte
	readBuf     []byte
	maxReadSize uint32
	last        Frame // what the next read invalidates
	lastType    FrameType
	section     uint32 // the stream whose field section CONTINUATION frames must complete; 0 if none
	detail      error
	reuse       *DataFrame // what SetReuseFrames hands out; nil without it

	// Owned by the goroutine that writes.
	writeBuf []byte

	logReads, logWrites bool

	// AllowIllegalWrites lets the Write methods write frames that the RFC forbids: on
	// the wrong stream, with padding that isn't zero, and so on. It is meant for
	// testing what other implementations make of them.
	AllowIllegalWrites bool

	// AllowIllegalReads lets ReadFrame return frames in an order that the RFC forbids.
	// It is meant for tests too, and can't be combined with ReadMetaHeaders.
	AllowIllegalReads bool

	// ReadMetaHeaders, if set, decodes field sections: ReadFrame then returns one
	// MetaHeadersFrame in place of a HEADERS frame and the CONTINUATION frames after
	// it.
	ReadMetaHeaders *hpack.Decoder

	// MaxHeaderListSize limits the field section of a MetaHeadersFrame, in bytes as
	// RFC 9113 §6.5.2 counts them for SETTINGS_MAX_HEADER_LIST_SIZE: 0 means 16 MiB.
	// Fields beyond it are omitted, and Truncated is set.
	MaxHeaderListSize uint32
}

// NewFramer returns a Framer that writes to w and reads from r. Either may be nil
// if it isn't used.
func NewFramer(w io.Writer, r io.Reader) *Framer {
	return &Framer{r: r, w: w, maxReadSize: wire.MaxMaxFrameSize, logReads: logFrameReads, logWrites: logFrameWrites}
}

// SetMaxReadFrameSize sets the largest payload to read, in bytes: at most 2^24-1,
// which is the default. The caller has to tell the peer, with
// SETTINGS_MAX_FRAME_SIZE.
func (fr *Framer) SetMaxReadFrameSize(v uint32) { fr.maxReadSize = min(v, wire.MaxMaxFrameSize) }

// SetReuseFrames allows ReadFrame to return the same memory again: what it returned
// before is overwritten then, not just invalid.
func (fr *Framer) SetReuseFrames() {
	if fr.reuse == nil {
		fr.reuse = new(DataFrame)
	}
}

// ErrorDetail says more about the error of the last read, if there is more to say:
// for a field section that isn't valid, what is wrong with it. It is nil otherwise.
// Its texts may change.
func (fr *Framer) ErrorDetail() error { return fr.detail }

// ReadFrame reads a frame, which is valid until the next is read.
//
// A frame that is too large gets ErrFrameTooLarge and isn't consumed. What the
// RFC forbids gets a ConnectionError, after which nothing more should be read, or a
// StreamError, after which the next frame can be; if a frame comes with the error,
// it says which stream is to blame. All other errors are those of the reader.
func (fr *Framer) ReadFrame() (Frame, error) {
	fh, err := fr.ReadFrameHeader()
	if err != nil {
		return nil, err
	}
	return fr.ReadFrameForHeader(fh)
}

// ReadFrameHeader reads the header of a frame. The caller reads the payload, with
// ReadFrameForHeader or from the reader itself.
//
// It returns the header along with ErrFrameTooLarge, or with the ConnectionError
// for a frame that may not follow the one before.
func (fr *Framer) ReadFrameHeader() (FrameHeader, error) {
	fr.detail = nil
	fh, err := readHeader(fr.r, &fr.headerBuf)
	if err != nil {
		return fh, err
	}
	if fh.Length > fr.maxReadSize {
		return fh, hintHTTP1(fh, ErrFrameTooLarge)
	}
	return fh, fr.checkOrder(fh)
}

// ReadFrameForHeader reads the payload that belongs to a header that
// ReadFrameHeader returned. It is the second half of ReadFrame, and doesn't check
// the size again.
func (fr *Framer) ReadFrameForHeader(fh FrameHeader) (Frame, error) {
	if fr.last != nil {
		fr.last.invalidate()
	}
	if uint64(cap(fr.readBuf)) < uint64(fh.Length) {
		fr.readBuf = make([]byte, fh.Length)
	}
	fh.valid = true
	payload := fr.readBuf[:fh.Length]
	if _, err := io.ReadFull(fr.r, payload); err != nil {
		return nil, hintHTTP1(fh, err)
	}
	f, err := fr.parse(fh, payload)
	if err != nil {
		return nil, fr.readError(fh, err)
	}
	fr.last = f
	if fr.logReads {
		log.Printf("http2: Framer %p: read %v", fr, summarize(fh.wire(), payload))
	}
	if hf, ok := f.(*HeadersFrame); ok && fr.ReadMetaHeaders != nil {
		return fr.readMetaFrame(hf)
	}
	return f, nil
}

// hintHTTP1 adds to an error that what looked like a frame header may be the
// beginning of an HTTP/1.1 response: the usual way to find out that the server
// doesn't speak HTTP/2.
func hintHTTP1(fh FrameHeader, err error) error {
	if fh != publicHeader(wire.ParseHeader([]byte("HTTP/1.1 "))) {
		return err
	}
	return fmt.Errorf("http2: failed reading the frame payload: %w, note that the frame header looked like an HTTP/1.1 header", err)
}

// checkOrder enforces RFC 9113 §4.3 and §6.10: CONTINUATION frames follow a field
// section that isn't complete, on the same stream, with nothing in between.
func (fr *Framer) checkOrder(fh FrameHeader) error {
	lastType := fr.lastType
	fr.lastType = fh.Type
	if fr.AllowIllegalReads {
		return nil
	}
	switch {
	case fr.section == 0 && fh.Type == FrameContinuation:
		return fr.protocolError("unexpected CONTINUATION for stream %d", fh.StreamID)
	case fr.section != 0 && fh.Type != FrameContinuation:
		return fr.protocolError("got %s for stream %d; expected CONTINUATION following %s for stream %d",
			fh.Type, fh.StreamID, lastType, fr.section)
	case fr.section != 0 && fh.StreamID != fr.section:
		return fr.protocolError("got CONTINUATION for stream %d; expected stream %d", fh.StreamID, fr.section)
	}
	if fh.Type == FrameHeaders || fh.Type == FrameContinuation {
		fr.section = fh.StreamID
		if fh.Flags.Has(FlagHeadersEndHeaders) {
			fr.section = 0
		}
	}
	return nil
}

func (fr *Framer) protocolError(format string, args ...any) error {
	fr.detail = fmt.Errorf(format, args...)
	return ConnectionError(ErrCodeProtocol)
}

// readError turns an error of internal/wire into the one that users of a Framer
// know. In three cases it is upstream's and not the RFC's, which connections
// follow.
func (fr *Framer) readError(fh FrameHeader, err error) error {
	switch e := err.(type) {
	case *wire.ConnError:
		if e.Short() {
			return io.ErrUnexpectedEOF // RFC: ConnectionError(ErrCodeFrameSize)
		}
		fr.detail = errors.New(e.Reason)
		if fh.Type == FrameHeaders && fh.StreamID != 0 {
			return StreamError{StreamID: fh.StreamID, Code: ErrCode(e.Code)} // padding; RFC: a ConnectionError
		}
		return ConnectionError(e.Code)
	case *wire.StreamError:
		fr.detail = errors.New(e.Reason)
		if fh.Type == FramePriority {
			return ConnectionError(e.Code) // length; RFC: a StreamError
		}
		return StreamError{StreamID: e.StreamID, Code: ErrCode(e.Code)}
	}
	return err
}

// parse makes a Frame of a payload, whose memory it shares.
func (fr *Framer) parse(fh FrameHeader, payload []byte) (Frame, error) {
	h := fh.wire()
	switch fh.Type {
	case FrameData:
		d, err := wire.ParseData(h, payload)
		f := fr.reuse
		if f == nil {
			f = new(DataFrame)
		}
		*f = DataFrame{fh, d.Data}
		return f, err
	case FrameHeaders:
		f, err := wire.ParseHeaders(h, payload)
		return &HeadersFrame{fh, publicPriority(f.Priority), f.Fragment}, err
	case FramePriority:
		f, err := wire.ParsePriority(h, payload)
		return &PriorityFrame{fh, publicPriority(f.PriorityParam)}, err
	case FrameRSTStream:
		code, err := wire.ParseRSTStream(h, payload)
		return &RSTStreamFrame{fh, ErrCode(code)}, err
	case FrameSettings:
		return parseSettings(fh, payload)
	case FramePushPromise:
		f, err := wire.ParsePushPromise(h, payload)
		return &PushPromiseFrame{fh, f.PromiseID, f.Fragment}, err
	case FramePing:
		data, _, err := wire.ParsePing(h, payload)
		return &PingFrame{fh, data}, err
	case FrameGoAway:
		f, err := wire.ParseGoAway(h, payload)
		return &GoAwayFrame{fh, f.LastStreamID, ErrCode(f.Code), f.Debug}, err
	case FrameWindowUpdate:
		increment, err := wire.ParseWindowUpdate(h, payload)
		return &WindowUpdateFrame{fh, increment}, err
	case FrameContinuation:
		f, err := wire.ParseContinuation(h, payload)
		return &ContinuationFrame{fh, f.Fragment}, err
	case FramePriorityUpdate:
		f, err := wire.ParsePriorityUpdate(h, payload)
		return &PriorityUpdateFrame{fh, string(f.Field), f.PrioritizedID}, err
	default:
		return &UnknownFrame{fh, payload}, nil
	}
}

// parseSettings refuses a flow-control window that is too large. All other values
// are accepted here; Setting.Valid judges them.
func parseSettings(fh FrameHeader, payload []byte) (Frame, error) {
	s, err := wire.ParseSettings(fh.wire(), payload)
	if err != nil {
		return nil, err
	}
	f := &SettingsFrame{fh, s}
	if v, ok := f.Value(SettingInitialWindowSize); ok {
		err = wire.Setting{ID: wire.SettingInitialWindowSize, Val: v}.Valid()
	}
	return f, err
}
