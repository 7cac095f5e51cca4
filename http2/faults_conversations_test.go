package http2

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// said is what a client says in a conversation, as bytes that can be replayed,
// cut and delayed whatever the server answers.
type said struct {
	frames [][]byte // the preface counts as one
	bodies map[uint32][]byte

	enc   *hpack.Encoder
	block bytes.Buffer
}

// says begins a recording.
func says(settings ...wire.Setting) *said {
	s := &said{bodies: make(map[uint32][]byte)}
	s.enc = hpack.NewEncoder(&s.block)
	return s.frame([]byte(wire.Preface)).frame(wire.AppendSettings(nil, settings...)).frame(wire.AppendSettingsAck(nil))
}

func (s *said) frame(b []byte) *said {
	s.frames = append(s.frames, b)
	return s
}

// fields sends a field section, in two frames.
func (s *said) fields(id uint32, end bool, namesAndValues ...string) *said {
	s.block.Reset()
	for _, f := range h2test.Fields(namesAndValues...) {
		s.enc.WriteField(f)
	}
	block := bytes.Clone(s.block.Bytes())
	half := len(block) / 2
	s.frame(wire.AppendHeaders(nil, wire.HeadersParam{StreamID: id, EndStream: end, Fragment: block[:half]}))
	return s.frame(wire.AppendContinuation(nil, id, true, block[half:]))
}

// request opens stream id with a request that tells the handler which it is.
func (s *said) request(id uint32, end bool, method, path string, more ...string) *said {
	return s.fields(id, end, append([]string{":method", method, ":scheme", "https", ":authority", "example.com",
		":path", path, "x-stream", fmt.Sprint(id)}, more...)...)
}

func (s *said) data(id uint32, end bool, content string) *said {
	s.bodies[id] = append(s.bodies[id], content...)
	return s.frame(wire.AppendDataPadded(nil, id, end, []byte(content), make([]byte, 3)))
}

func (s *said) window(id, n uint32) *said { return s.frame(wire.AppendWindowUpdate(nil, id, n)) }

// bytes is the whole recording.
func (s *said) bytes() []byte { return slices.Concat(s.frames...) }

// upTo is the recording's first n frames.
func (s *said) upTo(n int) []byte { return slices.Concat(s.frames[:n]...) }

// A conversation is what a client says, and a handler that answers.
type conversation struct {
	name     string
	said     *said
	requests int      // that are not lost, promised ones included
	lost     []uint32 // streams that the client resets, or breaks
	handler  func(a *handlerRecord)
}

// conversations have in them, between them, all that goes over a connection.
// Handlers go on after an error, as careless ones do, unless they say otherwise.
var conversations = []conversation{
	{
		name:     "GET",
		said:     says().request(1, true, "GET", "/"),
		requests: 1,
		handler:  func(a *handlerRecord) { a.write(20) },
	},
	{
		name: "an upload with trailers that is echoed",
		said: says().request(1, false, "POST", "/", "content-length", "11", "trailer", "x-sum").
			data(1, false, "hello").data(1, false, " world").fields(1, true, "x-sum", "42"),
		requests: 1,
		handler: func(a *handlerRecord) {
			a.w.Header().Set("Trailer", "X-Sum")
			a.trailers = true
			a.readAll()
			a.writeBytes(a.read)
			a.w.Header().Set("X-Sum", "42")
		},
	},
	{
		name:     "an upload that waits to be asked for",
		said:     says().request(1, false, "PUT", "/", "expect", "100-continue").data(1, true, "as you wish"),
		requests: 1,
		handler: func(a *handlerRecord) {
			a.w.WriteHeader(http.StatusEarlyHints)
			a.readAll()
			a.write(3)
		},
	},
	{
		name: "messages in both directions, as gRPC has them",
		said: says().request(1, false, "POST", "/S/M", "content-type", "application/grpc", "te", "trailers").
			data(1, false, "message 1").frame(wire.AppendPing(nil, false, [8]byte{1})).
			data(1, false, "message 2").data(1, false, "message 3").data(1, true, ""),
		requests: 1,
		handler: func(a *handlerRecord) {
			a.w.Header().Set("Content-Type", "application/grpc")
			a.w.Header().Set("Trailer", "Grpc-Status")
			a.trailers = true
			a.flush()
			for range 3 {
				if !a.readN(9) {
					break
				}
				a.write(15)
				a.flush()
			}
			a.readAll()
			a.w.Header().Set("Grpc-Status", "0")
		},
	},
	{
		name: "streams that are interleaved, some of them given up",
		said: says().request(1, false, "POST", "/echo").request(3, true, "GET", "/").data(1, false, "for 1, ").
			request(5, false, "POST", "/echo").request(7, true, "GET", "/wait").data(5, true, "for 5").
			frame(wire.AppendRSTStream(nil, 7, wire.Cancel)).request(9, false, "POST", "/echo").data(9, false, "for nobody").
			frame(wire.AppendRSTStream(nil, 9, wire.Cancel)).data(1, true, "and more for 1"),
		requests: 3,
		lost:     []uint32{7, 9},
		handler: func(a *handlerRecord) {
			switch a.r.URL.Path {
			case "/echo":
				a.readAll()
				a.writeBytes(a.read)
			case "/wait":
				a.write(1)
				a.flush()
				<-a.r.Context().Done()
				a.write(10_000)
			default:
				a.write(5_000)
			}
		},
	},
	{
		name:     "a push",
		said:     says().request(1, true, "GET", "/"),
		requests: 2,
		handler: func(a *handlerRecord) {
			if a.r.URL.Path == "/" {
				a.w.(http.Pusher).Push("/pushed", &http.PushOptions{Header: http.Header{"X-Stream": {"2"}}})
			}
			a.write(4_200)
		},
	},
	{
		name: "a download through windows that are small",
		said: says(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 1_000}).request(1, true, "GET", "/").
			window(1, 3_000).window(1, 1).window(1, 8_000).
			frame(wire.AppendSettings(nil, wire.Setting{ID: wire.SettingInitialWindowSize, Val: 500})).window(1, 9_000),
		requests: 1,
		handler: func(a *handlerRecord) {
			a.write(100)
			a.flush()
			for range 3 {
				a.write(6_000) // enough to be lent
			}
		},
	},
	{
		name: "an upload that nobody reads, and a body that is too long",
		said: says().request(1, false, "POST", "/").data(1, false, strings.Repeat("x", 100)).data(1, true, "y").
			request(3, false, "POST", "/read", "content-length", "1").data(3, true, "two"),
		requests: 1,
		lost:     []uint32{3},
		handler: func(a *handlerRecord) {
			if a.r.URL.Path == "/read" {
				a.readAll()
			}
			a.write(10)
		},
	},
}
