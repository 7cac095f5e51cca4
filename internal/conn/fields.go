package conn

import (
	"errors"
	"sync"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// Fields is a complete field section.
type Fields struct {
	StreamID    uint32
	EndStream   bool
	HasPriority bool
	Priority    wire.PriorityParam
	List        []hpack.HeaderField // valid during the call
	TooLarge    bool                // List is cut: the section exceeds our MAX_HEADER_LIST_SIZE, or expands beyond reason
}

const (
	// maxSectionSlack is how many times our MAX_HEADER_LIST_SIZE a field section may
	// take up on the wire. Up to there it is decoded, to keep the decoder in step for
	// the streams that follow and to answer 431. Beyond that the connection ends
	// (CVE-2023-45288, CONTINUATION flood).
	maxSectionSlack = 2

	// unannouncedList bounds a field section where a client announces no limit
	// (CVE-2023-45288, CONTINUATION flood).
	unannouncedList = 16 << 20

	// maxExpansion and freeExpansion bound what a field section decodes to, by what it
	// took on the wire: references to a large entry of the dynamic table make four
	// thousand octets of one, and a cookie's crumbs are joined (CVE-2026-49975,
	// "HTTP/2 bomb"). A peer that refers to each entry once gets at most 60 octets for
	// one, from the static table, and the size of the dynamic table; freeExpansion
	// allows that several times.
	maxExpansion  = 64
	freeExpansion = 64 << 10

	// Lists of up to shortList fields, which nearly all are, are taken from another
	// pool than longer ones: a huge list must not be kept in use by small sections.
	// What has grown beyond maxPooledFields does not go back.
	shortList       = 32
	maxPooledFields = 64 << 10

	// minContinuation is what a CONTINUATION frame is expected to hold if another one
	// follows it. The only reason to cut a field section is MAX_FRAME_SIZE, which is
	// 16,384 or more. A peer that sends it by the byte wants to keep us busy
	// (CVE-2023-45288), and is charged for the frame as for any that moves nothing.
	minContinuation = 1 << 10

	// fieldOverhead is what RFC 9113 §6.5.2 adds to each field's size. It also stops a
	// "bomb" of tiny indexed fields.
	fieldOverhead = 32
)

// shortLists and longLists lend lists to sections. A connection has none between
// sections: thousands of idle ones would keep as many. Without longLists, each section
// with many fields would make a megabyte of garbage.
var (
	shortLists = sync.Pool{New: func() any { l := make([]hpack.HeaderField, 0, shortList); return &l }}
	longLists  = sync.Pool{New: func() any { return new([]hpack.HeaderField) }}
)

// section is the field section under assembly. The reader goroutine owns it.
type section struct {
	id       uint32 // 0 if there is none
	number   uint32 // how many sections have begun
	complete bool   // the section is complete, and has not been handed on
	header   wire.HeadersFrame
	list     []hpack.HeaderField
	lent     *[]hpack.HeaderField // where list belongs; nil while there is no field
	size     uint64               // as MAX_HEADER_LIST_SIZE counts
	wire     uint64               // bytes of fragments so far
	maxList  uint32
	free     uint64 // how far size may exceed maxExpansion times wire
	large    bool
	resized  bool // the next block has to begin with a dynamic table size update
	dec      *hpack.Decoder
	log      func(hpack.HeaderField) // or nil
}

// emit is called by the decoder with each field.
func (a *section) emit(f hpack.HeaderField) {
	if a.log != nil {
		a.log(f)
	}
	a.size += uint64(len(f.Name)+len(f.Value)) + fieldOverhead
	if a.size > uint64(a.maxList) || a.size > a.free+maxExpansion*a.wire {
		a.large = true
		a.dec.SetEmitEnabled(false) // stays in step, and produces no more
		return
	}
	switch {
	case a.lent == nil:
		a.lent = shortLists.Get().(*[]hpack.HeaderField)
		a.list = *a.lent
	case len(a.list) == shortList:
		short := a.lent
		a.lent = longLists.Get().(*[]hpack.HeaderField)
		a.list = append(*a.lent, a.list...)
		clear((*short)[:shortList])
		shortLists.Put(short)
	}
	a.list = append(a.list, f)
}

func (a *section) begin(f wire.HeadersFrame) {
	a.id, a.header = f.StreamID, f
	a.number++
	a.header.Fragment = nil // it is part of the read buffer, which will be used again
	a.size, a.wire, a.large = 0, 0, false
	a.dec.SetEmitEnabled(true)
}

// add decodes a fragment.
func (a *section) add(fragment []byte) error {
	a.wire += uint64(len(fragment))
	if a.wire > maxSectionSlack*uint64(a.maxList) {
		return wire.ConnErrorf(wire.EnhanceYourCalm, "headers_flood", "field section of stream %d exceeds %d bytes", a.id, maxSectionSlack*uint64(a.maxList))
	}
	if a.resized && len(fragment) > 0 {
		a.resized = false
		if fragment[0]&sizeUpdateMask != sizeUpdate {
			return a.failed(errNoSizeUpdate)
		}
	}
	if _, err := a.dec.Write(fragment); err != nil {
		return a.failed(err)
	}
	return nil
}

// A representation that begins with these bits is a dynamic table size update
// (RFC 7541 §6.3).
const (
	sizeUpdate     = 0x20
	sizeUpdateMask = 0xe0
)

var errNoSizeUpdate = errors.New("no dynamic table size update after a smaller HEADER_TABLE_SIZE was acknowledged")

// tableAcked says that the peer has acknowledged a dynamic table of size v, the
// only size that we announce. If that is less than the default, RFC 9113 §4.3.1
// wants the peer's next field block to begin with a size update, and the decoder
// sees to it that the update is v at most.
func (a *section) tableAcked(v uint32) {
	if v < wire.DefaultHeaderTableSize {
		a.resized = true
		a.dec.SetAllowedMaxDynamicTableSize(v)
	}
}

// failed is the error for a field section that cannot be decoded. A string beyond
// the limit is no mistake in HPACK, but the decoder could only stay in step by
// keeping the string.
func (a *section) failed(err error) error {
	if err == hpack.ErrStringLength {
		return wire.ConnErrorf(wire.EnhanceYourCalm, "header_string_too_long", "field section of stream %d: %v", a.id, err)
	}
	return wire.ConnErrorf(wire.CompressionError, "header_decompression", "field section of stream %d: %v", a.id, err)
}

// headers handles HEADERS.
func (in *reader) headers(h wire.Header, p []byte) error {
	f, err := wire.ParseHeaders(h, p)
	if err != nil {
		return err
	}
	in.section.begin(f)
	return in.fragment(f.Fragment, f.EndHeaders)
}

// continuation handles CONTINUATION.
func (in *reader) continuation(h wire.Header, p []byte) error {
	f, err := wire.ParseContinuation(h, p)
	if err != nil {
		return err
	}
	if in.section.id == 0 {
		return wire.ConnErrorf(wire.ProtocolError, "unexpected_continuation", "CONTINUATION on stream %d without HEADERS", h.StreamID)
	}
	if len(f.Fragment) < minContinuation && !f.EndHeaders {
		if err := in.uselessFrame(); err != nil {
			return err
		}
	}
	return in.fragment(f.Fragment, f.EndHeaders)
}

// fragment adds a piece of the section. When it is complete, frame hands it on.
// That does not happen from here, to keep the stack small.
func (in *reader) fragment(p []byte, end bool) error {
	a := &in.section
	err := a.add(p)
	if err == nil && end {
		if err = a.dec.Close(); err != nil {
			err = a.failed(err)
		}
		a.complete = err == nil
	}
	if err != nil || end {
		a.id = 0
	}
	return err
}

// forget gives the list back: an idle connection must not keep a megabyte for its
// last request.
func (a *section) forget() {
	if a.lent == nil {
		return
	}
	clear(a.list)
	*a.lent = a.list[:0]
	switch {
	case cap(a.list) == shortList:
		shortLists.Put(a.lent)
	case cap(a.list) <= maxPooledFields:
		longLists.Put(a.lent)
	}
	a.list, a.lent = nil, nil
}

// handOn hands a complete field section to the endpoint.
func (in *reader) handOn() error {
	a, c := &in.section, in.c
	a.complete = false
	f := Fields{
		StreamID:    a.header.StreamID,
		EndStream:   a.header.EndStream,
		HasPriority: a.header.HasPriority,
		Priority:    a.header.Priority,
		List:        a.list,
		TooLarge:    a.large,
	}
	if c.sess.IsNew(f.StreamID) {
		return in.request(f)
	}
	c.mu.Lock()
	st, err := c.sess.RecvFields(f.StreamID, f.EndStream)
	if err == nil && st == nil {
		err = c.sess.EchoFrame(in.now)
	}
	c.Unlock()
	if err != nil || st == nil {
		return err
	}
	return c.end.Section(st.Owner.(*Stream), f)
}
