package http2

import (
	"fmt"
	"slices"
	"strings"
)

// What the framing contract says, as a function of what happened: nothing here
// knows how the response writer works.

// modelKind is what a handler set before anything else happens, and the request
// that it answers.
type modelKind struct {
	name       string
	method     string
	status     int      // not 0: the handler calls WriteHeader at once
	fields     []string // "name=value", as on the wire
	declares   bool     // they declare the trailer x-t
	length     int      // content-length, if > 0
	zeroLength bool     // content-length: 0
	hasType    bool
	announced  bool     // application/grpc without grpc-status
	grpc       []string // the grpc-* among the fields, if grpc-status is
}

// The handler's calls, and what happens beside it. A story is made of these.
const (
	callWriteHeader = 'H'
	callWrite       = 'w' // of smallWrite bytes
	callWriteLarge  = 'W' // of largeWrite bytes
	callFlush       = 'F' // by the handler
	callTrailers    = 't'
	callRead        = 'R' // of the request's body; blocks, then ends
	callReturn      = 'r'
	callPanic       = 'p'
	otherFlush      = 'f' // by another goroutine
)

const (
	smallWrite = 10
	largeWrite = 5000 // does not fit the buffer
	bufferSize = 4096
)

// modelFrame is a frame, or a run of DATA frames of which the last may end the
// stream. A DATA frame without content is not part of a run.
type modelFrame struct {
	kind   byte // 'H', 'D', 'R'
	fields string
	bytes  int
	end    bool
	code   uint32
}

func (f modelFrame) String() string {
	end := ""
	if f.end {
		end = "+ES"
	}
	switch f.kind {
	case 'H':
		return fmt.Sprintf("HEADERS%s(%s)", end, f.fields)
	case 'D':
		return fmt.Sprintf("DATA%s(%d)", end, f.bytes)
	}
	return fmt.Sprintf("RST_STREAM(%d)", f.code)
}

// oracle reads one story.
type oracle struct {
	kind  *modelKind
	story string
	off   bool // the switch is off: nothing is held
}

func (o oracle) index(calls string) int { return indexFrom(o.story, 0, calls) }

// never is the index of what does not happen.
const never = 1 << 20

func indexFrom(story string, from int, calls string) int {
	if i := strings.IndexAny(story[min(from, len(story)):], calls); i >= 0 {
		return from + i
	}
	return never
}

const endings = string(callReturn) + string(callPanic)
const flushes = string(callFlush) + string(otherFlush)

func (o oracle) status() int {
	if o.kind.status != 0 {
		return o.kind.status
	}
	return 200
}

func (o oracle) contentAllowed() bool { return o.status() != 204 && o.status() != 304 }
func (o oracle) bodiless() bool       { return o.kind.method == "HEAD" || !o.contentAllowed() }

// written is what Write accepted before event i: the bytes, and the index of the
// write that did not fit the buffer any more.
func (o oracle) written(i int) (n, overflow int) {
	overflow = never
	if !o.contentAllowed() {
		return 0, overflow
	}
	for j := range min(i, len(o.story)) {
		size := 0
		switch o.story[j] {
		case callWrite:
			size = smallWrite
		case callWriteLarge:
			size = largeWrite
		}
		if o.kind.length > 0 && n+size > o.kind.length {
			continue // refused
		}
		if n += size; n > bufferSize && overflow == never {
			overflow = j
		}
	}
	return n, overflow
}

// firstByte is the index of the write that brings the first body byte.
func (o oracle) firstByte() int {
	for i := range o.story {
		if n, _ := o.written(i + 1); n > 0 && !o.bodiless() {
			return i
		}
	}
	return never
}

// flushedFirst reports whether a Flush comes before the first body byte.
func (o oracle) flushedFirst() bool {
	first := o.index(flushes)
	return first < o.firstByte() && first < o.index(endings)
}

type modelClass int

const (
	classBodiless modelClass = iota
	classAnnounced
	classTrailersOnly
	classOpen
)

func (o oracle) class() modelClass {
	switch {
	case o.bodiless():
		return classBodiless
	case o.kind.method == "CONNECT", o.kind.declares, o.kind.length > 0, o.kind.announced:
		return classAnnounced
	case o.kind.grpc != nil:
		return classTrailersOnly
	}
	return classOpen
}

// releasedAt is the index of the event that hands the field section to the
// writer: a panic does so with what is held, and with nothing else.
func (o oracle) releasedAt() int {
	end, flush := o.index(endings), o.index(flushes)
	returned := o.index(string(callReturn))
	_, overflow := o.written(end)
	if o.bodiless() || !o.flushedFirst() {
		at := min(flush, overflow, returned)
		if at > end {
			return never // a Flush after a panic
		}
		return at
	}
	if o.class() != classTrailersOnly || o.off {
		return flush
	}
	return min(o.firstByte(), indexFrom(o.story, flush, string(callRead)), end)
}

// header is the field section that starts the response.
func (o oracle) header() string {
	fields := []string{fmt.Sprintf(":status=%d", o.status()), "date"}
	fields = append(fields, o.kind.fields...)
	sealed := o.index(string(callWriteHeader) + string(callWrite) + string(callWriteLarge) + flushes + endings)
	if o.kind.status != 0 {
		sealed = -1
	}
	if o.kind.declares && o.index(string(callTrailers)) < sealed {
		fields = append(fields, "x-t=v") // set too early, and sent twice
	}
	released, end := o.releasedAt(), o.index(endings)
	n, overflow := o.written(min(released+1, end))
	sniffed := o.kind.method == "HEAD" || !o.flushedFirst()
	if sniffed && n > 0 && !o.kind.hasType {
		fields = append(fields, "content-type=text/plain; charset=utf-8")
	}
	if released == o.index(string(callReturn)) && overflow == never && o.tellsLength(n) {
		fields = append(fields, fmt.Sprintf("content-length=%d", n))
	}
	return sortedFields(fields)
}

// tellsLength reports whether a response that is released with its end, and has n
// bytes, has an automatic content-length.
func (o oracle) tellsLength(n int) bool {
	switch {
	case !o.contentAllowed(), o.kind.length > 0, o.kind.zeroLength:
		return false
	case o.kind.method == "HEAD":
		return n > 0
	}
	return n > 0 || !o.hasTrailers()
}

func (o oracle) hasTrailers() bool {
	return o.index(string(callTrailers)) < o.index(endings) && !o.bodiless()
}

func sortedFields(fields []string) string {
	slices.Sort(fields)
	return strings.Join(fields, " ")
}

// wire is the response on the wire. left is how many bytes of content had been sent when
// the handler ended: END_STREAM goes on the last of them if that is still here. Nothing
// else depends on the writer.
func (o oracle) wire(left int, requestOpen bool) []modelFrame {
	if o.story[o.index(endings)] == callPanic {
		return o.aborted(requestOpen)
	}
	frames := o.returned(left)
	if requestOpen {
		frames = append(frames, modelFrame{kind: 'R'}) // NO_ERROR: nobody reads the rest
	}
	return frames
}

func (o oracle) returned(left int) []modelFrame {
	header := modelFrame{kind: 'H', fields: o.header()}
	end := o.index(endings)
	n, _ := o.written(end)
	if o.bodiless() {
		header.end = true
		return []modelFrame{header}
	}
	frames := []modelFrame{header}
	if n > 0 {
		frames = append(frames, modelFrame{kind: 'D', bytes: n})
	}
	switch {
	case o.hasTrailers():
		return append(frames, modelFrame{kind: 'H', fields: "x-t=v", end: true})
	case n > left, n == 0 && o.releasedAt() == end:
		frames[len(frames)-1].end = true
		return frames
	case n == 0 && o.kind.grpc != nil:
		return append(frames, modelFrame{kind: 'H', fields: sortedFields(slices.Clone(o.kind.grpc)), end: true})
	}
	return append(frames, modelFrame{kind: 'D', end: true})
}

// aborted is a response whose handler panicked: what had been flushed, or had
// overflowed the buffer, and a reset. Nothing of it depends on the schedule.
func (o oracle) aborted(requestOpen bool) []modelFrame {
	const internalError = 2
	reset := modelFrame{kind: 'R', code: internalError}
	if o.releasedAt() == never {
		return []modelFrame{reset}
	}
	frames := []modelFrame{{kind: 'H', fields: o.header(), end: o.bodiless()}}
	if o.bodiless() { // complete: there is at most a request to stop
		if requestOpen {
			frames = append(frames, modelFrame{kind: 'R'})
		}
		return frames
	}
	if n := o.handedOver(); n > 0 {
		frames = append(frames, modelFrame{kind: 'D', bytes: n})
	}
	return append(frames, reset)
}

// handedOver is how many bytes do not wait in the buffer any more when the
// handler ends: a Flush empties it, and so does a write that does not fit, of
// which the rest is buffered if it is not worth a frame.
func (o oracle) handedOver() int {
	handed, buffered, before := 0, 0, 0
	for i := range o.index(endings) {
		if strings.ContainsRune(flushes, rune(o.story[i])) {
			handed, buffered = handed+buffered, 0
		}
		n, _ := o.written(i + 1)
		size := n - before
		before = n
		if buffered+size <= bufferSize {
			buffered += size
			continue
		}
		if buffered > 0 {
			size -= bufferSize - buffered
			handed += bufferSize
		}
		buffered = size
		if size >= bufferSize {
			handed, buffered = handed+size, 0
		}
	}
	return handed
}
