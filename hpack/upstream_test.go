package hpack

import (
	"bytes"
	"errors"
	"testing"

	upstream "golang.org/x/net/http2/hpack"
)

func TestHuffmanCodingAgreesWithUpstream(t *testing.T) {
	for a := range 256 {
		for b := range 256 {
			s := string([]byte{byte(a), byte(b)})
			if got, want := AppendHuffmanString(nil, s), upstream.AppendHuffmanString(nil, s); !bytes.Equal(got, want) {
				t.Fatalf("%q is %x, upstream %x", s, got, want)
			}
		}
	}
}

func TestStaticTableAgreesWithUpstream(t *testing.T) {
	d := upstream.NewDecoder(0, nil)
	for i := 1; i <= staticTableLen; i++ {
		got, err := d.DecodeFull(indexed(uint64(i)))
		if err != nil || len(got) != 1 || HeaderField(got[0]) != staticTable[i] {
			t.Errorf("%d is %v, upstream %v, %v", i, staticTable[i], got, err)
		}
	}
}

// sameError reports whether both sides fail alike, or succeed both.
func sameError(ours, theirs error) bool {
	if ours == nil || theirs == nil {
		return ours == nil && theirs == nil
	}
	var decoding DecodingError
	var theirDecoding upstream.DecodingError
	if errors.As(ours, &decoding) != errors.As(theirs, &theirDecoding) {
		return false
	}
	index, indexOK := decoding.Err.(InvalidIndexError)
	theirIndex, theirIndexOK := theirDecoding.Err.(upstream.InvalidIndexError)
	return ours.Error() == theirs.Error() &&
		(ours == ErrStringLength) == (theirs == upstream.ErrStringLength) &&
		(ours == ErrInvalidHuffman) == (theirs == upstream.ErrInvalidHuffman) &&
		indexOK == theirIndexOK && int(index) == int(theirIndex)
}

// A decoderPair feeds our Decoder and upstream's the same blocks.
type decoderPair struct {
	ours        *Decoder
	theirs      *upstream.Decoder
	fields      []HeaderField
	theirFields []HeaderField
}

func newDecoderPair(tableSize uint32, maxString int, emit bool) *decoderPair {
	p := new(decoderPair)
	p.ours = NewDecoder(tableSize, func(f HeaderField) { p.fields = append(p.fields, f) })
	p.theirs = upstream.NewDecoder(tableSize, func(f upstream.HeaderField) {
		p.theirFields = append(p.theirFields, HeaderField(f))
	})
	p.ours.SetMaxStringLength(maxString)
	p.theirs.SetMaxStringLength(maxString)
	p.ours.SetEmitEnabled(emit)
	p.theirs.SetEmitEnabled(emit)
	return p
}

// decode has ours decode a block in chunks of this size, upstream's in one piece, and compares.
// It reports whether another block makes sense.
func (p *decoderPair) decode(t *testing.T, block []byte, chunk int) bool {
	t.Helper()
	p.fields, p.theirFields = nil, nil
	err := p.writeOurs(block, chunk)
	n, theirErr := p.theirs.Write(block)
	if theirErr == upstream.ErrStringLength && n == 0 && len(block) > 0 {
		return false // its last resort, when what it has buffered is long, whatever that is
	}
	if theirErr == nil {
		theirErr = p.theirs.Close()
	}
	if updatesRejected(block, theirErr) {
		return false
	}
	if !sameError(err, theirErr) {
		t.Fatalf("block %x: error %v, upstream %v", block, err, theirErr)
	}
	if !equalFields(p.fields, p.theirFields) {
		t.Fatalf("block %x: fields %v, upstream %v", block, p.fields, p.theirFields)
	}
	return err == nil
}

func (p *decoderPair) writeOurs(block []byte, chunk int) error {
	for len(block) > 0 {
		n := len(block)
		if chunk > 0 {
			n = min(n, chunk)
		}
		if _, err := p.ours.Write(block[:n]); err != nil {
			return err
		}
		block = block[n:]
	}
	return p.ours.Close()
}

// updatesRejected reports whether upstream rejected a block for the size updates at its start.
// We accept the two in a row that RFC 7541 §4.2 has an encoder send, and what is wrong with
// the block then lies further on.
func updatesRejected(block []byte, theirs error) bool {
	if theirs == nil || theirs.Error() != errSizeUpdateMidBlock.Error() {
		return false
	}
	updates, off := 0, 0
	for off < len(block) && block[off]>>5 == patternSizeUpdate>>5 {
		updates++
		_, next, err := readInteger(block, off, 5)
		if err != nil {
			break
		}
		off = next
	}
	return updates > 1
}

// compareTables reads both dynamic tables out, index by index.
func (p *decoderPair) compareTables(t *testing.T) {
	t.Helper()
	p.ours.SetMaxStringLength(0)
	p.theirs.SetMaxStringLength(0)
	p.ours.SetEmitEnabled(true)
	p.theirs.SetEmitEnabled(true)
	for i := uint64(staticTableLen + 1); p.decode(t, indexed(i), 0); i++ {
	}
}

func equalFields(a, b []HeaderField) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
