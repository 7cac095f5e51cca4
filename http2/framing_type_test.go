package http2

import (
	"slices"
	"strings"
	"testing"
)

// typeRun carries out what the framing type says, without a connection: the frames of a
// response, of which nothing is sent before its end.
type typeRun struct {
	framing  framing
	kind     *modelKind
	buffered int
	written  int
	trailers bool
	frames   []modelFrame
	commit   bool // END_STREAM does not go on the last of them
}

func (r *typeRun) seal() {
	o := oracle{kind: r.kind}
	r.framing.seal(sealedFields{
		hasBody:         !o.bodiless(),
		connect:         r.kind.method == "CONNECT",
		tunnel:          r.kind.method == "CONNECT",
		declared:        r.kind.declares,
		contentLength:   int64(r.kind.length),
		grpcContentType: r.kind.announced || slices.ContainsFunc(r.kind.fields, isGRPCType),
		grpcStatus:      r.kind.grpc != nil,
	}, true)
}

func isGRPCType(field string) bool { return strings.HasPrefix(field, "content-type=application/grpc") }

func (r *typeRun) write(n int) {
	if !(oracle{kind: r.kind}).contentAllowed() || r.kind.length > 0 && r.written+n > r.kind.length {
		return
	}
	r.written += n
	switch r.framing.write(r.buffered+n <= bufferSize) {
	case writeBuffer:
		r.buffered += n
	case writeSend:
		r.buffered += n
		r.do(eventBody)
	}
}

func (r *typeRun) do(e event) {
	a := r.framing.next(e)
	if a&sendHeader != 0 {
		r.frames = append(r.frames, modelFrame{kind: 'H'})
		r.commit = a&commit != 0
	}
	if a&sendBody != 0 && r.buffered > 0 && r.kind.method != "HEAD" {
		if last := &r.frames[len(r.frames)-1]; last.kind == 'D' {
			last.bytes += r.buffered
		} else {
			r.frames = append(r.frames, modelFrame{kind: 'D', bytes: r.buffered})
		}
		r.buffered, r.commit = 0, false
	}
	switch {
	case a&sendEnd == 0:
	case e == eventTrailers || a&repeatGRPC != 0:
		r.frames = append(r.frames, modelFrame{kind: 'H', end: true})
	case r.commit:
		r.frames = append(r.frames, modelFrame{kind: 'D', end: true})
	default:
		r.frames[len(r.frames)-1].end = true
	}
}

func (r *typeRun) run(story string) []modelFrame {
	for _, call := range []byte(story) {
		if !strings.ContainsRune("tR", rune(call)) {
			r.seal()
		}
		switch call {
		case callWrite:
			r.write(smallWrite)
		case callWriteLarge:
			r.write(largeWrite)
		case callFlush:
			if r.buffered > 0 {
				r.do(eventBody)
			} else {
				r.do(eventFlush)
			}
		case callTrailers:
			r.trailers = true
		case callRead:
			r.do(eventWait)
		case callReturn:
			if r.trailers && !(oracle{kind: r.kind}).bodiless() {
				r.do(eventTrailers)
			} else {
				r.do(eventReturn)
			}
		}
	}
	return r.frames
}

// The type alone, on every story of up to six calls.
func TestTheFramingTypeSaysWhatTheContractSays(t *testing.T) {
	stories := 0
	for _, kind := range modelKinds {
		for _, calls := range sequences("wWFtRH", 6) {
			if kind.method == "CONNECT" && strings.ContainsRune(calls, callTrailers) {
				continue // has none, which the response writer sees to
			}
			story := calls + string(callReturn)
			want := oracle{kind: kind, story: story}.wire(0, false)
			for i := range want {
				want[i].fields = ""
			}
			if got := (&typeRun{kind: kind}).run(story); !slices.Equal(got, want) {
				t.Fatalf("%s, story %q\n got %v\nwant %v", kind.name, story, got, want)
			}
			stories++
		}
	}
	t.Logf("%d stories", stories)
}
