package http2_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"

	"h2fork.example/net/hpack"
	"h2fork.example/net/http2"
)

// newestFirst is a WriteScheduler for clients that lose interest quickly: of the streams that have something to
// send, the one that was opened last sends first.
type newestFirst struct {
	control []http2.FrameWriteRequest // for the connection, or for a stream that isn't open
	streams []*queue                  // that are open, in the order in which they were opened
}

// A queue has the frames of one stream.
type queue struct {
	id     uint32
	frames []http2.FrameWriteRequest
}

func (s *newestFirst) OpenStream(id uint32, _ http2.OpenStreamOptions) {
	s.streams = append(s.streams, &queue{id: id})
}

func (s *newestFirst) CloseStream(id uint32) {
	for i, q := range s.streams {
		if q.id == id {
			s.streams = append(s.streams[:i], s.streams[i+1:]...)
			return
		}
	}
}

func (s *newestFirst) AdjustStream(uint32, http2.PriorityParam) {} // what the client thinks does not matter

func (s *newestFirst) Push(wr http2.FrameWriteRequest) {
	for _, q := range s.streams {
		if q.id == wr.StreamID() {
			q.frames = append(q.frames, wr)
			return
		}
	}
	s.control = append(s.control, wr)
}

func (s *newestFirst) Pop() (http2.FrameWriteRequest, bool) {
	if len(s.control) > 0 {
		wr := s.control[0]
		s.control = s.control[1:]
		return wr, true
	}
	for i := len(s.streams) - 1; i >= 0; i-- {
		if wr, ok := s.streams[i].pop(); ok {
			return wr, true
		}
	}
	return http2.FrameWriteRequest{}, false
}

// pop takes as much of the first frame as flow control allows.
func (q *queue) pop() (http2.FrameWriteRequest, bool) {
	if len(q.frames) == 0 {
		return http2.FrameWriteRequest{}, false
	}
	first, rest, n := q.frames[0].Consume(math.MaxInt32)
	switch n {
	case 0: // the window is used up: perhaps another stream's is not
		return http2.FrameWriteRequest{}, false
	case 1:
		q.frames = q.frames[1:]
	case 2:
		q.frames[0] = rest
	}
	return first, true
}

// Each connection gets a scheduler of its own. The client, made of a Framer, has windows of 0 until it has the
// headers of both responses, so that both are ready when it lets them come.
func ExampleWriteScheduler() {
	srv := &http2.Server{NewWriteScheduler: func() http2.WriteScheduler { return new(newestFirst) }}
	client, server := net.Pipe()
	defer client.Close()
	go srv.ServeConn(server, &http2.ServeConnOpts{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "this is ", r.URL.Path)
		}),
	})

	io.WriteString(client, http2.ClientPreface)
	fr := http2.NewFramer(client, client)
	if err := fr.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}); err != nil {
		log.Fatal(err)
	}
	var request bytes.Buffer
	enc := hpack.NewEncoder(&request)
	for i, path := range []string{"/old", "/new"} {
		request.Reset()
		if err := errors.Join(
			enc.WriteField(hpack.HeaderField{Name: ":method", Value: "GET"}),
			enc.WriteField(hpack.HeaderField{Name: ":scheme", Value: "https"}),
			enc.WriteField(hpack.HeaderField{Name: ":authority", Value: "example.com"}),
			enc.WriteField(hpack.HeaderField{Name: ":path", Value: path}),
			fr.WriteHeaders(http2.HeadersFrameParam{
				StreamID:      uint32(2*i + 1),
				BlockFragment: request.Bytes(),
				EndHeaders:    true,
				EndStream:     true,
			}),
		); err != nil {
			log.Fatal(err)
		}
	}

	for headers, ended := 0, 0; ended < 2; {
		f, err := fr.ReadFrame()
		if err != nil {
			log.Fatal(err)
		}
		switch f := f.(type) {
		case *http2.HeadersFrame:
			if headers++; headers < 2 {
				continue
			}
			if err := fr.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 65535}); err != nil {
				log.Fatal(err)
			}
		case *http2.DataFrame:
			fmt.Printf("%s\n", f.Data())
			if f.StreamEnded() {
				ended++
			}
		}
	}
	// Output:
	// this is /new
	// this is /old
}
