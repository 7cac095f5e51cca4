//go:build !go1.27

//lint:file-ignore SA1019 The deprecated package is what this one is compared with.

// On Go 1.27 golang.org/x/net's schedulers schedule nothing.

package http2

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	upstream "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// schedulerCall is a call of a WriteScheduler and what came of it.
type schedulerCall struct {
	method   string
	id       uint32 // of Push and Pop, the frame's
	pusher   uint32
	priority upstream.PriorityParam
	size     int
	ok       bool
}

// recorder notes what a server asks of a scheduler, and the answers. Only the connection's goroutine uses it while
// the server runs.
type recorder struct {
	upstream.WriteScheduler
	calls []schedulerCall
}

func (r *recorder) OpenStream(id uint32, o upstream.OpenStreamOptions) {
	r.calls = append(r.calls, schedulerCall{method: "OpenStream", id: id, pusher: o.PusherID})
	r.WriteScheduler.OpenStream(id, o)
}

func (r *recorder) CloseStream(id uint32) {
	r.calls = append(r.calls, schedulerCall{method: "CloseStream", id: id})
	r.WriteScheduler.CloseStream(id)
}

func (r *recorder) AdjustStream(id uint32, p upstream.PriorityParam) {
	r.calls = append(r.calls, schedulerCall{method: "AdjustStream", id: id, priority: p})
	r.WriteScheduler.AdjustStream(id, p)
}

func (r *recorder) Push(wr upstream.FrameWriteRequest) {
	r.calls = append(r.calls, schedulerCall{method: "Push", id: wr.StreamID(), size: wr.DataSize()})
	r.WriteScheduler.Push(wr)
}

func (r *recorder) Pop() (upstream.FrameWriteRequest, bool) {
	wr, ok := r.WriteScheduler.Pop()
	r.calls = append(r.calls, schedulerCall{method: "Pop", id: wr.StreamID(), size: wr.DataSize(), ok: ok})
	return wr, ok
}

// recordChain has golang.org/x/net's server answer requests of which each depends on the one before, and which the
// client puts in another order from time to time. It returns what its scheduler was asked and said.
func recordChain(t *testing.T, cfg *upstream.PriorityWriteSchedulerConfig) []schedulerCall {
	const streams = 6
	rec := &recorder{WriteScheduler: upstream.NewPriorityWriteScheduler(cfg)}
	server := &upstream.Server{NewWriteScheduler: func() upstream.WriteScheduler { return rec }}

	var arrived sync.WaitGroup
	arrived.Add(streams)
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived.Done()
		arrived.Wait()
		w.Write(make([]byte, 300000))
	})

	clientConn, serverConn := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.ServeConn(serverConn, &upstream.ServeConnOpts{Handler: handler})
	}()

	sends := make(chan func(*upstream.Framer), 100) // a goroutine of its own: neither side may block both
	go func() {
		io.WriteString(clientConn, upstream.ClientPreface)
		fr := upstream.NewFramer(clientConn, nil)
		for send := range sends {
			send(fr)
		}
	}()
	sends <- func(fr *upstream.Framer) {
		fr.WriteSettings(upstream.Setting{ID: upstream.SettingInitialWindowSize, Val: 1 << 30})
		fr.WriteWindowUpdate(0, 1<<30)
		for id := uint32(1); id < 2*streams; id += 2 {
			fr.WriteHeaders(upstream.HeadersFrameParam{
				StreamID: id, BlockFragment: encodeRequest(), EndStream: true, EndHeaders: true,
				Priority: upstream.PriorityParam{StreamDep: max(id, 2) - 2, Exclusive: true, Weight: uint8(id)},
			})
		}
	}

	fr := upstream.NewFramer(nil, clientConn)
	for frames, ended, moves := 0, 0, 0; ended < streams; frames++ {
		f, err := fr.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		switch f := f.(type) {
		case *upstream.SettingsFrame:
			if !f.IsAck() {
				sends <- func(fr *upstream.Framer) { fr.WriteSettingsAck() }
			}
		case *upstream.DataFrame:
			if f.StreamEnded() {
				ended++
			}
		}
		if frames%20 == 19 && ended == 0 {
			id := uint32(2*(streams-moves%streams) - 1) // the last of the chain becomes its first
			moves++
			sends <- func(fr *upstream.Framer) {
				fr.WritePriority(id, upstream.PriorityParam{Exclusive: true, Weight: 9})
			}
		}
	}
	close(sends)
	clientConn.Close()
	<-served
	return rec.calls
}

func encodeRequest() []byte {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, field := range [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}} {
		enc.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	return block.Bytes()
}

// TestPrioritySchedulerDoesAsXNetsDoes makes the calls that golang.org/x/net's scheduler had in a server. The streams
// depend on each other in a chain, so that there is one right answer each time.
func TestPrioritySchedulerDoesAsXNetsDoes(t *testing.T) {
	for _, throttle := range []bool{false, true} {
		t.Run(fmt.Sprintf("throttle=%v", throttle), func(t *testing.T) {
			calls := recordChain(t, &upstream.PriorityWriteSchedulerConfig{
				MaxClosedNodesInTree: 10, MaxIdleNodesInTree: 10, ThrottleOutOfOrderWrites: throttle,
			})
			ws := NewPriorityWriteScheduler(&PriorityWriteSchedulerConfig{
				MaxClosedNodesInTree: 10, MaxIdleNodesInTree: 10, ThrottleOutOfOrderWrites: throttle,
			})
			if replayed := replay(t, ws, calls); replayed < 100 {
				t.Errorf("only %d frames", replayed)
			}
		})
	}
}

// replay makes the calls to ws, and returns how many frames it popped as expected.
func replay(t *testing.T, ws WriteScheduler, calls []schedulerCall) (frames int) {
	flows := make(map[uint32]*fakeFlow)
	for i, call := range calls {
		switch call.method {
		case "OpenStream":
			ws.OpenStream(call.id, OpenStreamOptions{PusherID: call.pusher})
			flows[call.id] = newFakeFlow(call.id, 1<<30)
		case "CloseStream":
			ws.CloseStream(call.id)
		case "AdjustStream":
			p := call.priority
			ws.AdjustStream(call.id, PriorityParam{StreamDep: p.StreamDep, Exclusive: p.Exclusive, Weight: p.Weight})
		case "Push":
			switch {
			case call.id == 0:
				ws.Push(newControlRequest("control", 0, nil))
			case call.size == 0:
				ws.Push(newStreamRequest("HEADERS", call.id, nil))
			default:
				ws.Push(newDataRequest(flows[call.id], call.size))
			}
		case "Pop":
			wr, ok := ws.Pop()
			if ok != call.ok || wr.StreamID() != call.id || wr.DataSize() != call.size {
				t.Fatalf("call %d of %d: Pop() = %v, %v, want %+v", i, len(calls), wr, ok, call)
			}
			if ok {
				frames++
			}
		}
	}
	return frames
}
