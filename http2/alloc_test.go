package http2

import (
	"net/http"
	"testing"
	"unsafe"

	"h2fork.example/net/internal/h2test"
)

// Allocations are counted in the whole process, so the other side's are in it: it has none.

func TestAGETCostsAServerFourAllocations(t *testing.T) {
	// The stream with the Request, its context and the ResponseWriter; the URL with the values of the Header; two for
	// the Header's map.
	testServerAllocs(t, hello, "", 4)
}

func TestAFieldOfAResponseCostsAServerThreeAllocations(t *testing.T) {
	// The Header's map, two, and the slice that Set makes.
	testServerAllocs(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		hello(w, r)
	}, "", 4+3)
}

func TestABodyThatIsReadCostsAServerNoAllocation(t *testing.T) {
	buf := make([]byte, 512)
	testServerAllocs(t, func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := r.Body.Read(buf); err != nil {
				break
			}
		}
		hello(w, r)
	}, "Hello, World!", 4)
}

func testServerAllocs(t *testing.T, handler http.HandlerFunc, body string, want float64) {
	t.Helper()
	if h2test.UnderRaceDetector {
		t.Skip("the race detector has pools lose what is in them")
	}
	c := newBenchClient(t, handler, body)
	for range 100 {
		c.exchange(1)
	}
	if got := testing.AllocsPerRun(1000, func() { c.exchange(1) }); got > want {
		t.Errorf("%v allocations, want %v", got, want)
	}
}

func TestAGETCostsATransportSixAllocations(t *testing.T) {
	// The stream, with the response's Body; the channel that RoundTrip waits on; the server's address with its port;
	// the Response with the values of its Header, and two for the Header's map.
	if h2test.UnderRaceDetector {
		t.Skip("the race detector has pools lose what is in them")
	}
	tr, req, buf := newBenchTransport(t, "Hello, World!"), benchRequest(t), make([]byte, 512)
	for range 100 {
		roundTrip(t, tr, req, buf)
	}
	const want = 6
	if got := testing.AllocsPerRun(1000, func() { roundTrip(t, tr, req, buf) }); got > want {
		t.Errorf("%v allocations, want %v", got, want)
	}
}

// Every byte of a stream is allocated, cleared and looked at by the garbage collector for each request. Whoever needs
// a larger size class should know, and raise these.
func TestStreamsFitTheirSizeClasses(t *testing.T) {
	const typeHeader = 8 // the allocator's own, of what is larger than 512 bytes
	if size := unsafe.Sizeof(exchange{}); size > 480 {
		t.Errorf("what a program may keep of a request is %d bytes", size)
	}
	if size := unsafe.Sizeof(exchangeWithContent{}); size+typeHeader > 640 {
		t.Errorf("what a program may keep of a request with content is %d bytes", size)
	}
	if size := unsafe.Sizeof(clientStream{}); size+typeHeader > 576 {
		t.Errorf("a client's stream is %d bytes", size)
	}
}
