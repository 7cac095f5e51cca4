package http2

import (
	"errors"
	"fmt"
	"log"
	"strings"

	"golang.org/x/net/http/httpguts"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

const (
	// defaultMaxHeaderListSize is what a MaxHeaderListSize of 0 stands for. It bounds
	// a field section that is continued for ever (CVE-2023-45288).
	defaultMaxHeaderListSize = 16 << 20

	// maxEmptyContinuations stops a field section that is continued for ever by frames
	// that carry nothing. No limit on bytes would stop that (CVE-2024-27316,
	// CVE-2023-45288).
	maxEmptyContinuations = 100
)

// A MetaHeadersFrame is a whole field section, decoded: a HEADERS frame and the
// CONTINUATION frames that completed it. ReadFrame returns it instead of them if
// Framer.ReadMetaHeaders is set.
type MetaHeadersFrame struct {
	*HeadersFrame

	// Fields are the fields in the order in which they came. Pseudo-header fields come
	// first; none of them is unknown or repeated, and request's and response's aren't
	// mixed, though some may be missing. All names and values are valid. The slice is
	// valid until the next frame is read.
	Fields []hpack.HeaderField

	// Truncated is whether fields were omitted because of Framer.MaxHeaderListSize.
	// The HPACK decoder has seen them, and can be used for the next sections.
	Truncated bool
}

// PseudoValue returns the value of a pseudo-header field, "" if it is missing. The
// name is given without its colon.
func (mh *MetaHeadersFrame) PseudoValue(pseudo string) string {
	for _, f := range mh.PseudoFields() {
		if f.Name[1:] == pseudo {
			return f.Value
		}
	}
	return ""
}

// RegularFields returns the fields after the pseudo-header fields. It shares the
// memory of Fields.
func (mh *MetaHeadersFrame) RegularFields() []hpack.HeaderField {
	if n := mh.numPseudo(); n < len(mh.Fields) {
		return mh.Fields[n:]
	}
	return nil
}

// PseudoFields returns the pseudo-header fields. It shares the memory of Fields.
func (mh *MetaHeadersFrame) PseudoFields() []hpack.HeaderField { return mh.Fields[:mh.numPseudo()] }

func (mh *MetaHeadersFrame) numPseudo() int {
	for i, f := range mh.Fields {
		if !f.IsPseudo() {
			return i
		}
	}
	return len(mh.Fields)
}

// Why a field section is malformed (RFC 9113 §8.2.1, §8.3). None holds a value: it
// may be a secret.
var (
	errMixPseudoHeaderTypes = errors.New("mix of request and response pseudo headers")
	errPseudoAfterRegular   = errors.New("pseudo header field after regular")
)

// checkPseudo enforces what RFC 9113 §8.3 says of the pseudo-header fields alone.
func (mh *MetaHeadersFrame) checkPseudo() error {
	fields := mh.PseudoFields()
	var request, response bool
	for i, f := range fields {
		switch f.Name {
		case ":method", ":scheme", ":authority", ":path", ":protocol":
			request = true
		case ":status":
			response = true
		default:
			return fmt.Errorf("invalid pseudo-header %q", f.Name)
		}
		for _, before := range fields[:i] { // at most five, or one would have been unknown or repeated
			if before.Name == f.Name {
				return fmt.Errorf("duplicate pseudo-header %q", f.Name)
			}
		}
	}
	if request && response {
		return errMixPseudoHeaderTypes
	}
	return nil
}

// A sectionReader takes the fields of a section from the HPACK decoder as they
// come.
type sectionReader struct {
	fr      *Framer
	mh      *MetaHeadersFrame
	regular bool  // a regular field has come: pseudo-header fields may not come any more
	invalid error // the first malformed field, after which the rest is only decoded

	// remaining and trailerRemaining are what remains of the size limit. Trailer
	// fields have one of their own: each name in them will take up memory again.
	remaining, trailerRemaining int64
	empty                       int // CONTINUATION frames without a byte
}

// field is the decoder's emit function.
func (r *sectionReader) field(f hpack.HeaderField) {
	if VerboseLogs && r.fr.logReads {
		log.Printf("http2: decoded hpack field %+v", f)
	}
	if r.invalid = r.check(f); r.invalid != nil {
		r.fr.ReadMetaHeaders.SetEmitEnabled(false)
		return
	}
	remaining, size := &r.remaining, int64(f.Size())
	if f.Name == "trailer" {
		remaining, size = &r.trailerRemaining, trailerSize(f.Value)
	}
	if size > *remaining {
		r.fr.ReadMetaHeaders.SetEmitEnabled(false)
		r.mh.Truncated = true
		r.remaining, r.trailerRemaining = 0, 0
		return
	}
	*remaining -= size
	r.mh.Fields = append(r.mh.Fields, f)
}

// check returns why f may not be in the section. A bad name outweighs a bad place,
// and both a bad value.
func (r *sectionReader) check(f hpack.HeaderField) (err error) {
	if !httpguts.ValidHeaderFieldValue(f.Value) {
		err = fmt.Errorf("invalid header field value for %q", f.Name)
	}
	switch {
	case !strings.HasPrefix(f.Name, ":"):
		r.regular = true
		if !validWireName(f.Name) {
			err = fmt.Errorf("invalid header field name %q", f.Name)
		}
	case r.regular:
		err = errPseudoAfterRegular
	}
	return err
}

// trailerSize counts a Trailer field as a field for each of the names in it.
func trailerSize(value string) int64 {
	commas := strings.Count(value, ",")
	return int64(len(value)-commas) + int64(commas+1)*int64(hpack.HeaderField{}.Size())
}

// validWireName reports whether a name is a token without upper-case letters
// (RFC 9113 §8.2.1).
func validWireName(name string) bool {
	for i := range len(name) {
		if c := name[i]; !httpguts.IsTokenRune(rune(c)) || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return name != ""
}

// fragment decodes a part of the section. Decoding keeps the HPACK state in step
// with the peer's, so that a section that is only too large costs no more than its
// own stream. Far beyond the limit, or once the section is malformed and goes on,
// the connection ends: a peer could otherwise have us decode without end.
func (r *sectionReader) fragment(p []byte) error {
	if int64(len(p)) > 2*(r.remaining+r.trailerRemaining) {
		if VerboseLogs {
			log.Printf("http2: header list too large")
		}
		return ConnectionError(ErrCodeProtocol)
	}
	if r.invalid != nil { // sizes aren't tracked any more
		if VerboseLogs {
			log.Printf("http2: invalid header: %v", r.invalid)
		}
		return ConnectionError(ErrCodeProtocol)
	}
	if len(p) == 0 {
		if r.empty++; r.empty > maxEmptyContinuations {
			return ConnectionError(ErrCodeEnhanceYourCalm)
		}
	}
	if _, err := r.fr.ReadMetaHeaders.Write(p); err != nil {
		return ConnectionError(ErrCodeCompression)
	}
	return nil
}

// readMetaFrame reads what completes the field section that hf begins, and decodes
// it.
func (fr *Framer) readMetaFrame(hf *HeadersFrame) (Frame, error) {
	if fr.AllowIllegalReads {
		return nil, errors.New("illegal use of AllowIllegalReads with ReadMetaHeaders")
	}
	limit := int64(fr.MaxHeaderListSize)
	if limit == 0 {
		limit = defaultMaxHeaderListSize
	}
	mh := &MetaHeadersFrame{HeadersFrame: hf}
	r := &sectionReader{fr: fr, mh: mh, remaining: limit, trailerRemaining: limit}

	dec := fr.ReadMetaHeaders
	dec.SetEmitEnabled(true)
	dec.SetMaxStringLength(int(min(limit, wire.MaxWindow))) // an int may have 32 bits
	dec.SetEmitFunc(r.field)
	defer dec.SetEmitFunc(func(hpack.HeaderField) {}) // otherwise the decoder would keep mh alive

	err := r.fragment(hf.fragment)
	for ended := hf.HeadersEnded(); err == nil && !ended; {
		f, readErr := fr.ReadFrame()
		if readErr != nil {
			return nil, readErr
		}
		cf := f.(*ContinuationFrame) // checkOrder lets nothing else pass
		err, ended = r.fragment(cf.fragment), cf.HeadersEnded()
	}
	if err != nil {
		return mh, err
	}
	hf.fragment = nil // overwritten by now, if there were CONTINUATION frames
	hf.invalidate()
	if err := dec.Close(); err != nil {
		return mh, ConnectionError(ErrCodeCompression)
	}
	return fr.checkSection(r)
}

// checkSection judges a field section that was decoded to its end.
func (fr *Framer) checkSection(r *sectionReader) (Frame, error) {
	what, err := "header", r.invalid
	if err == nil {
		what, err = "pseudo headers", r.mh.checkPseudo()
	}
	if err == nil {
		return r.mh, nil
	}
	if VerboseLogs {
		log.Printf("http2: invalid %s: %v", what, err)
	}
	fr.detail = err
	return nil, StreamError{StreamID: r.mh.StreamID, Code: ErrCodeProtocol, Cause: err}
}
