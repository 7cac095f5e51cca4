package http2

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"h2fork.example/net/internal/wire"
)

const (
	kib = 1 << 10
	mib = 1 << 20

	// perStream is what a stream may hold that has a handler, goroutine included,
	// besides content.
	perStream = 16 * kib

	// perResponse is what one may hold that waits for the client: its share of
	// 4 MiB when it began, in pieces that take up more room than they are long. All
	// of 64 KiB would be twice as much. (Where each has written what it may before
	// the next one comes, the early ones have more, and all of them about 17 MB.)
	perResponse = perStream + 32*kib

	// allStreams is how many a client may have open by default. As many workers run
	// at most; those that have just answered may still be on their way out.
	allStreams = 250
)

// memoryAttacks are attacks on memory: what is done, and what may be held at its height.
// Afterwards it is nothing.
var memoryAttacks = []struct {
	name       string
	srv        Server
	handler    func(started func()) http.HandlerFunc
	started    int // handlers that are waited for
	dial       func(f *victimServer) []*attackerConn
	bytes      int64
	goroutines int
}{
	{
		name: "streams that are opened and reset", handler: blocks,
		dial: one(nil, func(s *attackerConn) {
			for id := uint32(1); id < 4000; id += 2 {
				if !s.flood(append(openWhole(id), wire.AppendRSTStream(nil, id, wire.Cancel)...)) {
					break
				}
			}
			s.wantGoAway("too_many_early_resets")
		}),
		bytes: 2 * mib, goroutines: allStreams,
	},
	{
		name: "a field section without end", handler: blocks,
		dial: one(nil, func(s *attackerConn) {
			s.write(rawFrame(wire.Headers, 0, 1, block))
			for frame := rawFrame(wire.Continuation, 0, 1, strings.Repeat("\x00\x01a\x7f\x81\x07"+strings.Repeat("x", 1024), 15)); len(s.f.counted.all()) == 0 && s.flood(frame); {
			}
			s.wantGoAway("headers_flood")
		}),
		bytes: 4 * mib, goroutines: 10,
	},
	{
		name: "cookies that expand, behind a window of 0", handler: writesWhatItGot, started: 1,
		dial: one(noWindow, func(s *attackerConn) {
			s.write(rawFrame(wire.Headers, endHeaders|endStream, 1, block+"\x60\x7f\xa1\x1e"+strings.Repeat("x", 4000)))
			for id := uint32(3); id < 2*allStreams; id += 2 {
				s.write(rawFrame(wire.Headers, endHeaders|endStream, id, block+strings.Repeat("\xbe", 250)))
			}
			s.awaitRead()
		}),
		bytes: allStreams * perStream, goroutines: allStreams + 10,
	},
	{
		name: "responses behind a window of 0", handler: writesPieces, started: allStreams,
		dial:  one(noWindow, openAll),
		bytes: allStreams * perResponse, goroutines: allStreams + 10,
	},
	{
		name: "responses behind a window that grows by the byte", handler: writesPieces, started: allStreams,
		dial: one(noWindow, func(s *attackerConn) {
			openAll(s)
			for range 20 {
				var grow []byte
				for id := uint32(1); id < 2*allStreams; id += 2 {
					grow = wire.AppendWindowUpdate(grow, id, 1)
				}
				s.write(grow)
				s.awaitRead()
			}
		}),
		bytes: allStreams * perResponse, goroutines: allStreams + 10,
	},
	{
		name: "responses that nobody reads", handler: writesPieces, started: allStreams,
		dial: one([]wire.Setting{{ID: wire.SettingInitialWindowSize, Val: wire.MaxWindow}}, func(s *attackerConn) {
			s.write(wire.AppendWindowUpdate(nil, 0, wire.MaxWindow-wire.DefaultWindow))
			for id := uint32(1); id < 2*allStreams; id += 2 {
				s.write(openWhole(id))
			}
		}),
		bytes: allStreams * perResponse, goroutines: allStreams + 10,
	},
	{
		name: "windows that change size for ever", handler: writesPieces, started: allStreams,
		dial: one(noWindow, func(s *attackerConn) {
			openAll(s)
			var churn []byte
			for i := range uint32(4000) {
				churn = wire.AppendSettings(churn, wire.Setting{ID: wire.SettingInitialWindowSize, Val: i % 2})
			}
			s.write(churn)
			s.awaitRead()
		}),
		bytes: allStreams * perResponse, goroutines: allStreams + 10,
	},
	{
		name: "bodies that nobody reads, by the byte", handler: blocks, started: allStreams,
		dial: one(nil, func(s *attackerConn) {
			for id := uint32(1); id < 2*allStreams; id += 2 {
				s.write(openPostOf(id))
			}
			for range 50 {
				var data []byte
				for id := uint32(1); id < 2*allStreams; id += 2 {
					data = wire.AppendData(data, id, false, []byte("x"))
				}
				s.write(data)
			}
			s.awaitRead()
		}),
		bytes: mib + allStreams*(2*kib+perStream), goroutines: allStreams + 10,
	},
	{
		name: "PINGs whose answers nobody reads", handler: blocks, dial: stalling(rawFrame(wire.Ping, 0, 0, "12345678")),
		bytes: mib, goroutines: 10,
	},
	{
		name: "SETTINGS whose answers nobody reads", handler: blocks, dial: stalling(wire.AppendSettings(nil)),
		bytes: mib, goroutines: 10,
	},
	{
		name: "PRIORITY of streams that do not exist", handler: blocks,
		srv: Server{NewWriteScheduler: func() WriteScheduler { return NewPriorityWriteScheduler(nil) }},
		dial: one(nil, func(s *attackerConn) {
			var churn []byte
			for id := uint32(1); id < 18000; id += 2 {
				churn = append(churn, rawFrame(wire.Priority, 0, id, string([]byte{0, 0, byte((id - 2) >> 8), byte(id - 2), 16}))...)
			}
			s.write(churn)
			s.awaitRead()
		}),
		bytes: mib, goroutines: 10,
	},
	{
		name: "names that nobody has used before", handler: answersAtOnce,
		dial: one(nil, func(s *attackerConn) {
			for id := uint32(1); id < 17000; id += 2 {
				name := strings.Repeat("n", 1000) + string([]byte{'a' + byte(id%26), 'a' + byte(id/26%26), 'a' + byte(id/676%26)})
				s.write(rawFrame(wire.Headers, endHeaders|endStream, id, block+"\x00\x7f\xec\x06"+name+"\x00"))
				if id%200 == 1 {
					s.awaitRead()
				}
			}
			s.awaitRead()
		}),
		bytes: mib + allStreams*perStream, goroutines: allStreams + 10, // of 8.5 MB
	},
	{
		name: "fifty connections that had large requests", handler: answersAtOnce,
		dial:  fifty(rawFrame(wire.Headers, endHeaders|endStream, 1, block+"\x00\x01a\x7f\x81\xff\x0f"+strings.Repeat("x", 256*kib)), true),
		bytes: 50 * 2 * perStream, goroutines: 4 * 50,
	},
	{
		name: "fifty connections that had large bodies", handler: echoesBody,
		srv:   Server{MaxUploadBufferPerStream: mib}, // all of it comes in one go
		dial:  fifty(wire.AppendData(openPostOf(1), 1, true, make([]byte, 256*kib)), true),
		bytes: 50 * 2 * perStream, goroutines: 4 * 50,
	},
	{
		name: "fifty connections that announce large frames", handler: blocks,
		dial:  fifty(wire.AppendHeader(openPostOf(1), wire.Header{Type: wire.Data, StreamID: 1, Length: mib}), false),
		bytes: 50 * (48*kib + perStream), goroutines: 4 * 50,
	},
}

var noWindow = []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: 0}}

// one is an attack by one connection.
func one(settings []wire.Setting, script func(s *attackerConn)) func(*victimServer) []*attackerConn {
	return func(f *victimServer) []*attackerConn {
		s := f.dial(settings...)
		script(s)
		return []*attackerConn{s}
	}
}

// fifty is an attack by as many connections that send the same, and may wait for an
// answer.
func fifty(request []byte, answered bool) func(*victimServer) []*attackerConn {
	return func(f *victimServer) (all []*attackerConn) {
		for range 50 {
			s := f.dial(wire.Setting{ID: wire.SettingInitialWindowSize, Val: mib})
			s.awaitRead() // there is a window
			s.write(append(wire.AppendWindowUpdate(nil, 0, mib), request...))
			if answered {
				s.until("an answer", func(h wire.Header, _ []byte) bool { return h.StreamID == 1 && h.Flags.Has(endStream) })
			}
			all = append(all, s)
		}
		return all
	}
}

// stalling floods with a frame until the server does not read any more, or has
// said goodbye.
func stalling(frame []byte) func(*victimServer) []*attackerConn {
	frames := bytes.Repeat(frame, 1000)
	return one(nil, func(s *attackerConn) {
		for n := 0; s.flood(frames) && len(s.f.counted.all()) == 0; n++ {
			if n > 10000 {
				s.f.t.Fatal("the server goes on reading")
			}
		}
	})
}

// openAll opens as many streams as there may be.
func openAll(s *attackerConn) {
	for id := uint32(1); id < 2*allStreams; id += 2 {
		s.write(openWhole(id))
	}
	s.awaitRead()
}

func blocks(started func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		started()
		<-r.Context().Done()
	}
}

func answersAtOnce(func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }
}

func echoesBody(func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }
}

// writesPieces writes a megabyte in small pieces, once all have come: so they share
// alike. It does not get far.
func writesPieces(started func()) http.HandlerFunc {
	piece := make([]byte, 1000)
	var all sync.WaitGroup
	all.Add(allStreams)
	return func(w http.ResponseWriter, r *http.Request) {
		all.Done()
		all.Wait()
		started()
		for range 1000 {
			w.Write(piece)
		}
	}
}

// writesWhatItGot answers with the request's cookie.
func writesWhatItGot(started func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		started()
		w.Write([]byte(r.Header.Get("Cookie")))
	}
}

func TestServerHoldsLittleUnderAttackAndNothingAfterwards(t *testing.T) {
	for i := range memoryAttacks {
		test := &memoryAttacks[i]
		t.Run(test.name, func(t *testing.T) {
			started := make(chan struct{}, 10*allStreams)
			f := startVictim(t, &test.srv, new(http.Server), test.handler(func() { started <- struct{}{} }))
			all := test.dial(f)
			for range test.started {
				<-started
			}
			f.wantHeld(test.bytes, test.goroutines)
			for _, s := range all {
				s.nc.Close()
			}
			f.wantNothingLeft()
		})
	}
}
