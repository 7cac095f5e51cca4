//lint:file-ignore SA1019 golang.org/x/net's own server is the reference, for as long as it exists.

package message

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"

	xhttp2 "golang.org/x/net/http2"
	xhpack "golang.org/x/net/http2/hpack"

	"h2fork.example/net/hpack"
)

// A reference is a golang.org/x/net/http2 server and a connection to it, for what it makes of the same fields.
type reference struct {
	t       *testing.T
	framer  *xhttp2.Framer
	encoder *xhpack.Encoder
	encoded bytes.Buffer
	nextID  uint32

	handler http.HandlerFunc // of the exchange under way

	mu     sync.Mutex
	counts []string // guarded by mu: what CountError was told
}

// An exchange is what the reference answered on one stream.
type exchange struct {
	reset    bool // with PROTOCOL_ERROR
	counts   []string
	fields   []hpack.HeaderField // the response's first field section
	body     string
	trailers []hpack.HeaderField
}

func newReference(t *testing.T) *reference {
	client, server := net.Pipe()
	r := &reference{t: t, framer: xhttp2.NewFramer(client, client), nextID: 1}
	r.encoder = xhpack.NewEncoder(&r.encoded)
	r.framer.ReadMetaHeaders = xhpack.NewDecoder(4096, nil)
	srv := &xhttp2.Server{CountError: r.count}
	served := make(chan struct{})
	go func() {
		defer close(served)
		srv.ServeConn(server, &xhttp2.ServeConnOpts{
			Handler:    http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { r.handler(w, req) }),
			BaseConfig: &http.Server{ErrorLog: log.New(io.Discard, "", 0)},
		})
	}()
	t.Cleanup(func() {
		client.Close()
		<-served
	})
	if _, err := io.WriteString(client, xhttp2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := r.framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *reference) count(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts = append(r.counts, name)
}

// exchange sends the field sections, the last with END_STREAM unless the stream is to stay open, and reads
// what comes back.
func (r *reference) exchange(handler http.HandlerFunc, leaveOpen bool, sections ...[]hpack.HeaderField) exchange {
	r.t.Helper()
	id := r.nextID
	r.nextID += 2
	r.handler = handler
	r.mu.Lock()
	r.counts = nil
	r.mu.Unlock()

	wrote := make(chan error, 1)
	go func() { wrote <- r.send(id, leaveOpen, sections) }()
	x := r.receive(id)
	if err := <-wrote; err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	x.counts = r.counts
	return x
}

func (r *reference) send(id uint32, leaveOpen bool, sections [][]hpack.HeaderField) error {
	for i, fields := range sections {
		r.encoded.Reset()
		for _, f := range fields {
			if err := r.encoder.WriteField(xhpack.HeaderField{Name: f.Name, Value: f.Value}); err != nil {
				return err
			}
		}
		err := r.framer.WriteHeaders(xhttp2.HeadersFrameParam{
			StreamID:      id,
			BlockFragment: r.encoded.Bytes(),
			EndHeaders:    true,
			EndStream:     i == len(sections)-1 && !leaveOpen,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reference) receive(id uint32) (x exchange) {
	r.t.Helper()
	for {
		frame, err := r.framer.ReadFrame()
		if err != nil {
			r.t.Fatal(err)
		}
		if frame.Header().StreamID != id {
			continue
		}
		switch f := frame.(type) {
		case *xhttp2.RSTStreamFrame:
			x.reset = f.ErrCode == xhttp2.ErrCodeProtocol
			return x
		case *xhttp2.MetaHeadersFrame:
			into := &x.fields
			if x.fields != nil {
				into = &x.trailers
			}
			for _, field := range f.Fields {
				*into = append(*into, hpack.HeaderField{Name: field.Name, Value: field.Value})
			}
			if f.StreamEnded() {
				return x
			}
		case *xhttp2.DataFrame:
			x.body += string(f.Data())
			if f.StreamEnded() {
				return x
			}
		}
	}
}
