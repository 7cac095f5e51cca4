package hpack

import (
	"errors"
	"fmt"
)

// A DecodingError is a violation of RFC 7541 by the peer's encoder. The two dynamic tables can
// no longer be assumed equal: in HTTP/2 it ends the connection with COMPRESSION_ERROR (RFC 9113
// §4.3).
type DecodingError struct {
	Err error
}

// Error returns the cause, after the words "decoding error".
func (de DecodingError) Error() string {
	return fmt.Sprintf("decoding error: %v", de.Err)
}

// An InvalidIndexError is an index that is zero, or past the end of the static and dynamic
// tables together. The decoder wraps it in a [DecodingError].
type InvalidIndexError int

// Error returns the offending index in words.
func (e InvalidIndexError) Error() string {
	return fmt.Sprintf("invalid indexed representation index %d", int(e))
}

// ErrStringLength is what a [Decoder] fails with when a name or a value is longer than
// [Decoder.SetMaxStringLength] allows.
var ErrStringLength = errors.New("hpack: string too long")

// ErrInvalidHuffman is returned for a Huffman-encoded string that contains EOS, or whose
// padding is longer than 7 bits or not all ones (RFC 7541 §5.2).
var ErrInvalidHuffman = errors.New("hpack: invalid Huffman-encoded data")

var (
	errIntegerOverflow    = DecodingError{errors.New("varint integer overflow")}
	errTruncated          = DecodingError{errors.New("truncated headers")}
	errSizeUpdateTooLarge = DecodingError{errors.New("dynamic table size update too large")}
	errSizeUpdateMidBlock = DecodingError{errors.New("dynamic table size update MUST occur " +
		"at the beginning of a header block")}
)
