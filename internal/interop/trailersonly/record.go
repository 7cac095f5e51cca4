package main

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// recordLimit bounds what is kept of one direction of one connection. A failure worth showing comes early;
// a long run must not end in a memory profile.
const recordLimit = 1 << 20

// A wire holds what went over a client's connections.
type wire struct {
	mu    sync.Mutex
	conns []*recording // guarded by mu
}

func (w *wire) record(nc net.Conn) net.Conn {
	r := &recording{Conn: nc}
	w.mu.Lock()
	w.conns = append(w.conns, r)
	w.mu.Unlock()
	return r
}

// A recording is a client's connection that keeps the bytes it carries, up to recordLimit each way.
type recording struct {
	net.Conn
	mu       sync.Mutex
	sent     []byte // guarded by mu
	received []byte // guarded by mu
}

func (r *recording) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	r.mu.Lock()
	r.received = appendWithin(r.received, p[:n])
	r.mu.Unlock()
	return n, err
}

func (r *recording) Write(p []byte) (int, error) {
	r.mu.Lock()
	r.sent = appendWithin(r.sent, p)
	r.mu.Unlock()
	return r.Conn.Write(p)
}

func appendWithin(kept, p []byte) []byte {
	return append(kept, p[:min(len(p), recordLimit-len(kept))]...)
}

// A frame is a HEADERS or DATA frame, or the RST_STREAM that ended a stream, as it was on the wire.
type frame struct {
	stream    uint32
	name      string
	length    uint32
	endStream bool
	fields    []hpack.HeaderField
}

// response returns the frames of the response to a call, and the stream that it was on.
func (w *wire) response(call int) ([]frame, uint32, error) {
	for _, r := range w.recordings() {
		sent, received := r.frames()
		id := streamOf(call, sent)
		if frames := received[id]; len(frames) > 0 {
			return frames, id, nil
		}
	}
	return nil, 0, fmt.Errorf("call %d is not in the first %d MiB of the recording", call, recordLimit>>20)
}

func (w *wire) recordings() []*recording {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.conns)
}

// frames returns the requests' frames in their order, and the responses' by stream.
func (r *recording) frames() (sent []frame, received map[uint32][]frame) {
	r.mu.Lock()
	rawSent, rawReceived := r.sent, r.received
	r.mu.Unlock()
	received = make(map[uint32][]frame)
	for _, f := range decode(rawReceived) {
		received[f.stream] = append(received[f.stream], f)
	}
	return decode(bytes.TrimPrefix(rawSent, []byte(http2.ClientPreface))), received
}

// streamOf returns the stream of the request that carries the call's number, 0 if there is none.
func streamOf(call int, requests []frame) uint32 {
	want := strconv.Itoa(call)
	for _, f := range requests {
		for _, hf := range f.fields {
			if hf.Name == callField && hf.Value == want {
				return f.stream
			}
		}
	}
	return 0
}

// decode returns the frames in raw that belong to streams, up to where the recording ends. The decoder is
// upstream's on purpose: one that is shared with the server under test would share its mistakes.
func decode(raw []byte) []frame {
	framer := http2.NewFramer(nil, bytes.NewReader(raw))
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var frames []frame
	for {
		read, err := framer.ReadFrame()
		if err != nil {
			return frames
		}
		h := read.Header()
		f := frame{stream: h.StreamID, name: h.Type.String(), length: h.Length}
		switch read := read.(type) {
		case *http2.MetaHeadersFrame:
			f.endStream = read.StreamEnded()
			f.fields = read.Fields
		case *http2.DataFrame:
			f.endStream = read.StreamEnded()
		case *http2.RSTStreamFrame:
			f.name += " " + read.ErrCode.String()
		default:
			continue
		}
		frames = append(frames, f)
	}
}
