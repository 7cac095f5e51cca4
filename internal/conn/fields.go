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
	// maxSectionSlack is how many times our MAX_HEADER_LIST_SIZE a field
	// section may take up on the wire. Up to there it is decoded, to keep the
	// decoder in step for the streams that follow and to answer 431; a peer that
	// goes on has no such excuse (CVE-2023-45288,
	// CONTINUATION flood).
	maxSectionSlack = 2

	// unannouncedList bounds a field section where a client announces no limit
	// (CVE-2023-45288 all the same).
	unannouncedList = 16 << 20

	// maxExpansion and freeExpansion bound what a field section decodes to, by
	// what it took on the wire: references to a large entry of the dynamic table
	// make four thousand octets of one, and a cookie's crumbs are joined
	// (CVE-2026-49975, "HTTP/2 bomb"). The most that a peer gets who refers to
	// each entry once is 60 octets for one, an entry of the static table, and the
	// dynamic table; that is free several times over.
	maxExpansion  = 64
	freeExpansion = 64 << 10

	// maxKeptFields keeps one huge section from pinning its slice: longer ones are
	// from fieldLists, to which they go back, up to maxPooledFields.
	maxKeptFields   = 256
	maxPooledFields = 64 << 10

	// minContinuation is what a CONTINUATION frame is expected to hold if another
	// one follows it. The only reason to cut a field section is MAX_FRAME_SIZE,
	// which is 16,384 or more; a peer that sends it by the byte wants us busy, and
	// pays for the frame like for any that moves nothing.
	minContinuation = 1 << 10

	// fieldOverhead is what RFC 9113 §6.5.2 adds to each field's size, which is
	// also what stops a "bomb" of tiny indexed fields.
	fieldOverhead = 32
)

// fieldLists lends lists to sections with many fields. One after the other they
// would leave a megabyte of garbage each.
var fieldLists = sync.Pool{New: func() any { return new([]hpack.HeaderField) }}

// section is the field section under assembly. It is the reader goroutine's.
type section struct {
	id       uint32 // 0 if there is none
	number   uint32 // how many have begun
	complete bool   // and has not been handed on
	head     wire.HeadersFrame
	list     []hpack.HeaderField
	lent     *[]hpack.HeaderField // where list goes back to; nil if it is not from fieldLists
	size     uint64               // as MAX_HEADER_LIST_SIZE counts
	wire     uint64               // bytes of fragments so far
	maxList  uint32
	free     uint64 // what size may exceed maxExpansion times wire by
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
	if len(a.list) == maxKeptFields && a.lent == nil {
		a.lent = fieldLists.Get().(*[]hpack.HeaderField)
		a.list = append((*a.lent)[:0], a.list...)
	}
	a.list = append(a.list, f)
}

func (a *section) begin(f wire.HeadersFrame) {
	a.id, a.head = f.StreamID, f
	a.number++
	a.head.Fragment = nil // it is part of a buffer that is not ours to keep
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

// tableAcked says that the peer has acknowledged a dynamic table of the size v,
// our only change of it: if that is less than the default, RFC 9113 §4.3.1 wants
// its next block to begin with a size update, which the decoder holds to v.
func (a *section) tableAcked(v uint32) {
	if v < wire.DefaultHeaderTableSize {
		a.resized = true
		a.dec.SetAllowedMaxDynamicTableSize(v)
	}
}

// failed is the error for a field section that cannot be decoded. A string
// beyond the limit is not the peer's mistake in HPACK, but there is no way to
// stay in step without holding it.
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

// fragment adds a piece of the section. When it is complete, frame hands it on:
// not from here, to spare the stack.
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

// forget lets go of the fields: an idle connection must not keep a megabyte that
// its last request had.
func (a *section) forget() {
	clear(a.list)
	a.list = a.list[:0]
	if a.lent != nil {
		if cap(a.list) <= maxPooledFields {
			*a.lent = a.list
			fieldLists.Put(a.lent)
		}
		a.list, a.lent = nil, nil
	}
}

// handOn hands on a complete field section.
func (in *reader) handOn() error {
	a, c := &in.section, in.c
	a.complete = false
	f := Fields{
		StreamID:    a.head.StreamID,
		EndStream:   a.head.EndStream,
		HasPriority: a.head.HasPriority,
		Priority:    a.head.Priority,
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
