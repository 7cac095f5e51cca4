// Scheduler is a server with a write scheduler of its own around one of the package's, on a connection that it
// accepted itself.
package main

import (
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"strings"

	"golang.org/x/net/http2"
)

// A ledger keeps account of what leaves on which stream, and leaves the order to another scheduler.
type ledger struct {
	http2.WriteScheduler
	bytes map[uint32]int
	open  int
}

func newLedger() *ledger {
	return &ledger{
		WriteScheduler: http2.NewPriorityWriteScheduler(&http2.PriorityWriteSchedulerConfig{MaxClosedNodesInTree: 5}),
		bytes:          make(map[uint32]int),
	}
}

func (l *ledger) OpenStream(id uint32, o http2.OpenStreamOptions) {
	if o.PusherID == 0 {
		l.open++
	}
	l.WriteScheduler.OpenStream(id, o)
}

func (l *ledger) AdjustStream(id uint32, p http2.PriorityParam) {
	if !p.IsZero() {
		l.WriteScheduler.AdjustStream(id, p)
	}
}

func (l *ledger) Pop() (http2.FrameWriteRequest, bool) {
	wr, ok := l.WriteScheduler.Pop()
	if ok {
		l.bytes[wr.StreamID()] += wr.DataSize()
	}
	return wr, ok
}

func main() {
	ledger := newLedger()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		srv := &http2.Server{NewWriteScheduler: func() http2.WriteScheduler { return ledger }}
		srv.ServeConn(c, &http2.ServeConnOpts{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, strings.Repeat("x", 50000))
			}),
		})
	}()

	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	cc, err := new(http2.Transport).NewClientConn(c)
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		req, err := http.NewRequest("GET", "https://example.com/", nil)
		if err != nil {
			log.Fatal(err)
		}
		res, err := cc.RoundTrip(req)
		if err != nil {
			log.Fatal(err)
		}
		n, err := io.Copy(io.Discard, res.Body)
		res.Body.Close()
		fmt.Println(res.Status, n, err)
	}
	cc.Close()
	<-served
	fmt.Println(ledger.open, "streams", ledger.bytes[1], ledger.bytes[3])

	// What a scheduler can do without a server.
	ws := http2.NewRandomWriteScheduler()
	ws.Push(http2.FrameWriteRequest{})
	wr, ok := ws.Pop()
	_, _, n := wr.Consume(math.MaxInt32)
	fmt.Println(wr.StreamID(), wr.DataSize(), ok, n)
}
