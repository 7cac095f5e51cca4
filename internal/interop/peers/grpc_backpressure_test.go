package peers

import (
	"bytes"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"h2fork.example/net/hpack"
	"h2fork.example/net/http2"
)

// A server stream of small messages, each of which grpc-go flushes, to a client that has no window for them.
func TestGRPCServerStreamIsHeldBackByAClientWithoutWindow(t *testing.T) {
	var sent atomic.Int64
	over := make(chan struct{})
	message := wrapperspb.Bytes(make([]byte, 1000))
	pour := grpc.StreamDesc{StreamName: "Pour", ServerStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
		defer close(over)
		for s.SendMsg(message) == nil {
			sent.Add(1)
		}
		return s.Context().Err()
	}}
	srv := grpc.NewServer()
	srv.RegisterService(&grpc.ServiceDesc{ServiceName: "interop.Flood", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{pour}}, nil)
	client := serveGRPC(t, srv)
	before := heapInUse()
	askForFlood(t, client)
	for range 50 {
		if held := heapInUse() - before; held > 4<<20 { // what a collection may leave to the next, and a stream's share
			t.Fatalf("%d KiB are held after %d messages", held>>10, sent.Load())
		}
	}
	client.Close()
	<-over
	if n := sent.Load(); n > 1000 {
		t.Errorf("%d messages of 1,000 bytes were taken for a client without window", n)
	}
}

func serveGRPC(t *testing.T, srv http.Handler) net.Conn {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		nc, err := ln.Accept()
		if err == nil {
			new(http2.Server).ServeConn(nc, &http2.ServeConnOpts{Handler: srv})
		}
	}()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// askForFlood makes the call, with an initial window of 0.
func askForFlood(t *testing.T, client net.Conn) {
	var out, block bytes.Buffer
	out.WriteString(http2.ClientPreface)
	fr := http2.NewFramer(&out, nil)
	fr.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	enc := hpack.NewEncoder(&block)
	for _, f := range [][2]string{{":method", "POST"}, {":scheme", "http"}, {":authority", "flood"}, {":path", "/interop.Flood/Pour"},
		{"content-type", "application/grpc"}, {"te", "trailers"}} {
		enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true})
	fr.WriteData(1, true, make([]byte, 5)) // an empty message
	if _, err := client.Write(out.Bytes()); err != nil {
		t.Fatal(err)
	}
}

func heapInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
