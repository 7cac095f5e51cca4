package http2

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// A sectionWriter makes frames of field sections, all with one HPACK encoder.
type sectionWriter struct {
	buf bytes.Buffer
	enc *hpack.Encoder
}

func newSectionWriter() *sectionWriter {
	w := new(sectionWriter)
	w.enc = hpack.NewEncoder(&w.buf)
	return w
}

// block encodes fields given as names and values in turn.
func (w *sectionWriter) block(namesAndValues ...string) []byte {
	w.buf.Reset()
	for i := 0; i < len(namesAndValues); i += 2 {
		w.enc.WriteField(hpack.HeaderField{Name: namesAndValues[i], Value: namesAndValues[i+1]})
	}
	return bytes.Clone(w.buf.Bytes())
}

// headers returns a HEADERS frame on stream 1.
func (w *sectionWriter) headers(namesAndValues ...string) []byte {
	return wire.AppendHeaders(nil, wire.HeadersParam{StreamID: 1, EndHeaders: true, Fragment: w.block(namesAndValues...)})
}

// metaFramer reads field sections of at most limit bytes.
func metaFramer(limit uint32, frames ...[]byte) *Framer {
	fr := framerOf(frames...)
	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	fr.MaxHeaderListSize = limit
	return fr
}

func TestFieldSectionIsDecodedAcrossFrames(t *testing.T) {
	block := newSectionWriter().block(":method", "GET", ":path", "/x", "a", "b")
	for cut := range len(block) {
		fr := metaFramer(0,
			wire.AppendHeaders(nil, wire.HeadersParam{StreamID: 1, EndStream: true, Fragment: block[:cut]}),
			wire.AppendContinuation(nil, 1, false, nil),
			wire.AppendContinuation(nil, 1, true, block[cut:]))
		mh := mustReadFrame(t, fr).(*MetaHeadersFrame)
		if mh.PseudoValue("path") != "/x" || mh.PseudoValue("scheme") != "" || len(mh.PseudoFields()) != 2 || len(mh.RegularFields()) != 1 || !mh.StreamEnded() || mh.Truncated {
			t.Errorf("cut at %d: %+v", cut, mh)
		}
		if _, err := fr.ReadFrame(); err != io.EOF {
			t.Errorf("cut at %d: then %v", cut, err)
		}
	}
}

func TestMalformedSectionEndsItsStreamOnly(t *testing.T) {
	for _, test := range []struct {
		fields []string
		cause  string
	}{
		{[]string{"a", "b\x00"}, `invalid header field value for "a"`},
		{[]string{"Upper", "x"}, `invalid header field name "Upper"`},
		{[]string{"", "x"}, `invalid header field name ""`},
		{[]string{"sp ace", "x"}, `invalid header field name "sp ace"`},
		{[]string{"é", "x"}, `invalid header field name "é"`},
		{[]string{"a", "b", ":path", "/"}, "pseudo header field after regular"},
		{[]string{":what", "x"}, `invalid pseudo-header ":what"`},
		{[]string{":path", "/", ":path", "/"}, `duplicate pseudo-header ":path"`},
		{[]string{":path", "/", ":status", "200"}, "mix of request and response pseudo headers"},
	} {
		w := newSectionWriter()
		fr := metaFramer(0, w.headers(append(test.fields, "kept", "in the table")...), w.headers("kept", "in the table"))
		f, err := fr.ReadFrame()
		se, ok := err.(StreamError)
		if f != nil || !ok || se.StreamID != 1 || se.Code != ErrCodeProtocol || fmt.Sprint(se.Cause) != test.cause || fr.ErrorDetail() != se.Cause {
			t.Errorf("%q: got %v, %v; want %s", test.fields, f, err, test.cause)
		}
		if mh := mustReadFrame(t, fr).(*MetaHeadersFrame); mh.Fields[0].Value != "in the table" {
			t.Errorf("%q: the next section is %v", test.fields, mh.Fields)
		}
	}
}

func TestValueOfABadFieldIsNotInTheError(t *testing.T) {
	_, err := metaFramer(0, newSectionWriter().headers("authorization", "secret\x00")).ReadFrame()
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestSectionTooLargeIsTruncatedAndTheDecoderKept(t *testing.T) {
	w := newSectionWriter()
	// RFC 9113 §6.5.2: a field counts 32 on top of its name and value.
	fr := metaFramer(2*(32+2), w.headers("a", "1", "b", "2", "c", "3"), w.headers("c", "3"))
	mh := mustReadFrame(t, fr).(*MetaHeadersFrame)
	if !mh.Truncated || len(mh.Fields) != 2 {
		t.Errorf("got %v, truncated %v; want two fields, truncated", mh.Fields, mh.Truncated)
	}
	mh = mustReadFrame(t, fr).(*MetaHeadersFrame)
	if mh.Truncated || mh.Fields[0] != (hpack.HeaderField{Name: "c", Value: "3"}) {
		t.Errorf("the next section is %v, truncated %v", mh.Fields, mh.Truncated)
	}
}

func TestNamesInATrailerFieldCountAsFields(t *testing.T) {
	const limit = 98
	w := newSectionWriter()
	fr := metaFramer(limit, w.headers("trailer", "a,b,c"), w.headers("trailer", "a,b", "x", strings.Repeat("x", 60)))
	if mh := mustReadFrame(t, fr).(*MetaHeadersFrame); !mh.Truncated {
		t.Errorf("three names of 33 bytes each fit into %d", limit)
	}
	if mh := mustReadFrame(t, fr).(*MetaHeadersFrame); mh.Truncated || len(mh.Fields) != 2 {
		t.Errorf("got %v, truncated %v; want both fields: each of the two kinds has the limit to itself", mh.Fields, mh.Truncated)
	}
}

// P44.
func TestLargestLimitIsNotTakenForNone(t *testing.T) {
	for _, limit := range []uint32{1 << 31, 1<<32 - 1} {
		mh := mustReadFrame(t, metaFramer(limit, newSectionWriter().headers("a", "b"))).(*MetaHeadersFrame)
		if len(mh.Fields) != 1 || mh.Truncated {
			t.Errorf("limit %d: got %v, truncated %v", limit, mh.Fields, mh.Truncated)
		}
	}
}

// flood starts a field section, and continues it with one fragment, for longer than anyone should read.
type flood struct {
	pending   []byte
	fragment  []byte
	continued int
}

func newFlood(first, then []byte) *flood {
	return &flood{pending: wire.AppendHeaders(nil, wire.HeadersParam{StreamID: 1, Fragment: first}), fragment: then}
}

func (r *flood) Read(p []byte) (int, error) {
	if r.continued > 10*maxEmptyContinuations {
		return 0, io.EOF
	}
	if len(r.pending) == 0 {
		r.pending = wire.AppendContinuation(nil, 1, false, r.fragment)
		r.continued++
	}
	n := copy(p, r.pending)
	r.pending = r.pending[n:]
	return n, nil
}

// P43.
func TestContinuationFloodsAreCutOff(t *testing.T) {
	w := newSectionWriter()
	w.enc.SetMaxDynamicTableSize(0)
	small, bad := w.block("a", "b"), w.block("A", "b")
	large := bytes.Repeat(small, 1000)
	for _, test := range []struct {
		name        string
		first, then []byte
		code        ErrCode
		most        int // CONTINUATION frames to be read
	}{
		{"of fields", small, small, ErrCodeProtocol, 40}, // the limit holds about 30
		{"of large frames", small, large, ErrCodeProtocol, 2},
		{"after a field that is invalid", bad, small, ErrCodeProtocol, 2},
		{"of nothing", small, nil, ErrCodeEnhanceYourCalm, maxEmptyContinuations + 1},
		{"of what isn't HPACK", small, []byte{0x80}, ErrCodeCompression, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newFlood(test.first, test.then)
			fr := NewFramer(nil, r)
			fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
			fr.MaxHeaderListSize = 1024
			f, err := fr.ReadFrame()
			if err != ConnectionError(test.code) {
				t.Errorf("got %v, want %v", err, test.code)
			}
			if f == nil || f.Header().StreamID != 1 {
				t.Errorf("frame %v, want one of stream 1", f)
			}
			if r.continued > test.most {
				t.Errorf("%d CONTINUATION frames were read, want at most %d", r.continued, test.most)
			}
		})
	}
}

func TestStringLongerThanTheLimitIsNotDecoded(t *testing.T) {
	w := newSectionWriter()
	_, err := metaFramer(100, w.headers("a", strings.Repeat("x", 150))).ReadFrame()
	if err != ConnectionError(ErrCodeCompression) {
		t.Errorf("got %v", err)
	}
}

func TestSectionThatEndsInAFieldIsACompressionError(t *testing.T) {
	block := newSectionWriter().block("name", "value")
	cut := wire.AppendHeaders(nil, wire.HeadersParam{StreamID: 1, EndHeaders: true, Fragment: block[:len(block)-1]})
	if _, err := metaFramer(0, cut).ReadFrame(); err != ConnectionError(ErrCodeCompression) {
		t.Errorf("got %v", err)
	}
}

func TestReadMetaHeadersRefusesIllegalReads(t *testing.T) {
	fr := metaFramer(0, newSectionWriter().headers("a", "b"))
	fr.AllowIllegalReads = true
	if _, err := fr.ReadFrame(); err == nil || err.Error() != "illegal use of AllowIllegalReads with ReadMetaHeaders" {
		t.Errorf("got %v", err)
	}
}
