//lint:file-ignore SA1019 The deprecated package is what this one is compared with.

package http2

import (
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// A requestShape is a field section of about as much as a server takes, each
// field counted with 32 octets more: what the first request of a connection has
// besides block, and the others.
type requestShape struct {
	name        string
	first, rest string
}

const crumb = "name=0123456789abcde" // 20 octets

// requestShapes are sections of up to max octets.
func requestShapes(max int) []requestShape {
	same := func(name, fields string) requestShape { return requestShape{name, fields, fields} }
	crumbs, letters := max/(len("cookie")+len(crumb)+32)-10, max/(len("ab")+32)-10
	value := strings.Repeat("x", max-1000)
	return []requestShape{
		{"crumbs that are references", "\x60\x14" + crumb + strings.Repeat("\xbe", crumbs-1), strings.Repeat("\xbe", crumbs)},
		same("crumbs", strings.Repeat("\x0f\x11\x14"+crumb, crumbs)),
		same("names without values", namesWith(max/36-10, "", "")),
		same("names with values", namesWith(max/40-10, "", "abcd")),
		same("longer names", namesWith(max/72-10, strings.Repeat("n", 36), "")),
		{"values that are references", "\x40\x01a\x01b" + strings.Repeat("\xbe", letters-1), strings.Repeat("\xbe", letters)},
		same("values of one name", strings.Repeat("\x0f\x04\x14"+crumb, crumbs)),
		same("one large value", "\x00\x01a"+hpackString(value)),
		same("a path that is escaped", "\x04"+hpackString("/"+strings.Repeat("%41", len(value)/3))),
	}
}

// namesWith are n fields with a value, none of which has another one's name.
func namesWith(n int, prefix, value string) string {
	var b strings.Builder
	for i := range n {
		letters := string([]byte{'a' + byte(i%26), 'a' + byte(i/26%26), 'a' + byte(i/676%26), 'a' + byte(i/17576%26)})
		b.WriteString("\x00" + hpackString(prefix+letters) + hpackString(value))
	}
	return b.String()
}

// hpackString is a string literal without Huffman coding (RFC 7541 §5.2).
func hpackString(s string) string {
	if len(s) < 127 {
		return string([]byte{byte(len(s))}) + s
	}
	length := []byte{127}
	rest := len(s) - 127
	for ; rest >= 128; rest >>= 7 {
		length = append(length, byte(rest)|0x80)
	}
	return string(append(length, byte(rest))) + s
}

// request is the HEADERS frame of a request with these fields, which may replace
// block's :path at their beginning.
func (s requestShape) request(id uint32, fields string) []byte {
	if strings.HasPrefix(s.name, "a path") {
		return rawFrame(wire.Headers, endHeaders|endStream, id, "\x82\x87"+fields)
	}
	return rawFrame(wire.Headers, endHeaders|endStream, id, block+fields)
}

// memoryOfRequests serves n requests on one connection. It returns what is held
// while their handlers run, and what has been allocated until then.
func memoryOfRequests(t *testing.T, serve func(net.Conn, http.Handler), n int, shape requestShape) (held, allocated int64) {
	t.Helper()
	started, end := make(chan bool), make(chan bool)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started <- true
		<-end
		runtime.KeepAlive(r)
	})
	client, server := loopbackPair(t)
	goroutines, before := runtime.NumGoroutine(), memoryInUse()
	go serve(server, handler)
	go func() {
		client.Write(wire.AppendSettings([]byte(wire.Preface)))
		fields := shape.first
		for i := range n {
			client.Write(shape.request(uint32(2*i+1), fields))
			fields = shape.rest
		}
	}()
	for range n {
		<-started
	}
	now := memoryInUse()
	close(end)
	client.Close()
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > goroutines && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	return int64(now.HeapAlloc - before.HeapAlloc), int64(now.TotalAlloc - before.TotalAlloc)
}

// memoryInUse is what the process holds, without what pools keep for one collection.
func memoryInUse() (m runtime.MemStats) {
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}

// loopbackPair is a TCP connection's two ends.
func loopbackPair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

func TestRequestsTakeNoMoreMemoryThanUpstreams(t *testing.T) {
	if onGo127 {
		t.Skip("upstream is a shell of net/http's there, which refuses requests of that many fields")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(min(2, runtime.GOMAXPROCS(0)))) // each processor has pools of its own
	const n = 24
	ours := func(c net.Conn, h http.Handler) { new(Server).ServeConn(c, &ServeConnOpts{Handler: h}) }
	theirs := func(c net.Conn, h http.Handler) {
		new(xhttp2.Server).ServeConn(c, &xhttp2.ServeConnOpts{Handler: h})
	}
	for _, shape := range requestShapes(http.DefaultMaxHeaderBytes) {
		t.Run(shape.name, func(t *testing.T) {
			held, allocated := memoryOfRequests(t, ours, n, shape)
			upstreamHeld, upstreamAllocated := memoryOfRequests(t, theirs, n, shape)
			t.Logf("held %d KiB, upstream %d KiB; allocated %d KiB, upstream %d KiB", held>>10, upstreamHeld>>10, allocated>>10, upstreamAllocated>>10)
			if held > upstreamHeld+upstreamHeld/32 { // how full maps are is chance
				t.Errorf("%d KiB are held, %d by upstream", held>>10, upstreamHeld>>10)
			}
			if allocated > upstreamAllocated+upstreamAllocated/10 && !h2test.UnderRaceDetector { // pools are emptied now and then
				t.Errorf("%d KiB were allocated, %d by upstream", allocated>>10, upstreamAllocated>>10)
			}
		})
	}
}

// memoryFactor is how many times MaxHeaderBytes a request may take, as the
// documentation of Server.MaxConcurrentStreams says: a name that is used once has
// a place in a map, which costs more than the 32 octets that RFC 9113 reckons.
const memoryFactor = 4

func TestRequestsOfOneConnectionTakeAStatedMultipleOfTheLimits(t *testing.T) {
	const limit, streams = 64 * kib, 20
	for _, shape := range requestShapes(limit) {
		t.Run(shape.name, func(t *testing.T) {
			started, end := make(chan bool, streams), make(chan bool)
			handler := func(w http.ResponseWriter, r *http.Request) {
				started <- true
				<-end
				runtime.KeepAlive(r)
			}
			hs := anyNumberOfValues()
			hs.MaxHeaderBytes = limit
			f := startVictim(t, &Server{MaxConcurrentStreams: streams}, hs, handler)
			s := f.dial()
			id, fields := uint32(1), shape.first
			open := func() {
				for range streams {
					s.write(shape.request(id, fields))
					id, fields = id+2, shape.rest
				}
				s.awaitRead()
			}
			open()
			for range streams {
				<-started
			}
			f.wantHeld(memoryFactor*limit*streams+streams*perStream, streams+10)

			// Handlers go on whose streams have been reset, and as many requests wait.
			for range 5 {
				for reset := id - 2*streams; reset < id; reset += 2 {
					s.write(wire.AppendRSTStream(nil, reset, wire.Cancel))
				}
				open()
			}
			f.wantHeld(2*(memoryFactor*limit*streams+streams*perStream), 2*streams+10)
			close(end)
			s.nc.Close()
			f.wantNothingLeft()
		})
	}
}
