package http2

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"

	"h2fork.example/net/internal/h2test"
)

// A talker produces output until it has produced a lot or is stopped: a handler, or
// a request's body. Made of random choices, it is the generator behind the promise
// that whoever does not take the output is not written to from unbounded memory.
type talker struct {
	steps []talk // again and again
}

// A talk is one thing that a talker does.
type talk struct {
	what byte
	size int
}

const (
	talkWrite  = 'w'
	talkCopy   = 'c' // io.Copy
	talkFlush  = 'F'
	talkInform = 'i' // 103 (Early Hints)
)

// talkSizes are around the sizes at which something changes: nothing, a byte, what is
// copied, the buffer, what is lent.
var talkSizes = []int{0, 1, 100, 1000, 4095, 4096, 4097, 64 * kib}

const (
	// A talker stops after so many steps, or bytes. Whatever it may leave in memory
	// at each step, all of it together would be seen.
	talkSteps = 20000
	talkBytes = 4 * mib

	// talkBound is how much may be held for one stream at any time, everything that
	// belongs to it and what the test makes of its time included.
	talkBound = 512 * kib
)

// choices are what a random source, or a fuzzer, decides.
type choices []byte

// next is a number below n.
func (c *choices) next(n int) int {
	if len(*c) == 0 {
		return 0
	}
	b := (*c)[0]
	*c = (*c)[1:]
	return int(b) % n
}

// newTalker makes a talker of choices. It flushes after each piece, after some, or
// never.
func newTalker(c *choices) *talker {
	k := new(talker)
	policy := c.next(3)
	for range 1 + c.next(6) {
		switch c.next(8) {
		case 0:
			k.steps = append(k.steps, talk{what: talkInform})
		case 1:
			k.steps = append(k.steps, talk{what: talkCopy, size: talkSizes[c.next(len(talkSizes))]})
		default:
			k.steps = append(k.steps, talk{what: talkWrite, size: talkSizes[c.next(len(talkSizes))]})
		}
		if policy == 0 || (policy == 1 && c.next(2) == 0) {
			k.steps = append(k.steps, talk{what: talkFlush})
		}
	}
	return k
}

func (k *talker) String() string {
	var b strings.Builder
	for _, s := range k.steps {
		fmt.Fprintf(&b, "%c%d ", s.what, s.size)
	}
	return b.String()
}

var talkContent = bytes.Repeat([]byte("talk"), 64*kib/4)

// talking is a talker at work.
type talking struct {
	steps, bytes atomic.Int64
	stopped      atomic.Bool // it is over
	err          error       // that stopped it; set before stopped
}

// run talks to w as a handler does.
func (k *talker) run(on *talking, w http.ResponseWriter) {
	defer on.stopped.Store(true)
	for on.steps.Load() < talkSteps && on.bytes.Load() < talkBytes {
		for _, s := range k.steps {
			if on.err = k.do(on, s, w); on.err != nil {
				return
			}
		}
	}
}

func (k *talker) do(on *talking, s talk, w http.ResponseWriter) error {
	on.steps.Add(1)
	switch s.what {
	case talkFlush:
		return http.NewResponseController(w).Flush()
	case talkInform:
		w.Header().Set("Link", "</style.css>; rel=preload; as=style")
		w.WriteHeader(http.StatusEarlyHints)
		return nil
	}
	var n int64
	var err error
	if s.what == talkCopy {
		n, err = io.Copy(w, bytes.NewReader(talkContent[:s.size]))
	} else {
		var m int
		m, err = w.Write(talkContent[:s.size])
		n = int64(m)
	}
	on.bytes.Add(n)
	return err
}

// read makes a talker the body of a request: pieces come as they are read.
func (k *talker) body(on *talking) io.ReadCloser { return &talkBody{k: k, on: on} }

type talkBody struct {
	k    *talker
	on   *talking
	next int
}

func (b *talkBody) Read(p []byte) (int, error) {
	steps := b.on.steps.Add(1)
	if steps > talkSteps || b.on.bytes.Load() >= talkBytes {
		b.on.stopped.Store(true)
		return 0, io.EOF
	}
	s := b.k.steps[b.next]
	b.next = (b.next + 1) % len(b.k.steps)
	n := copy(p, talkContent[:s.size])
	b.on.bytes.Add(int64(n))
	return n, nil
}

func (b *talkBody) Close() error { return nil }

// heldMemory is what the process holds.
func heldMemory() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// heldSince is how much more that is than before. Pools keep what they have for one
// collection, so a second one may be needed to see little.
func heldSince(before int64) int64 {
	held := heldMemory() - before
	if held > talkBound {
		held = heldMemory() - before
	}
	return held
}

// A stall is a way in which the other side does not take what there is.
type stall struct {
	name    string
	window  bool // a stream may send
	conn    bool // the connection's window is used up
	unread  bool // nothing is read from the socket
	byBytes bool // there is a window of one byte at a time
}

var stalls = []stall{
	{name: "a stream's window of 0"},
	{name: "a connection's window of 0", window: true, conn: true},
	{name: "a socket that is not read", window: true, unread: true},
	{name: "a window of one byte at a time", byBytes: true},
}

// byteByByte grants a stream a byte, again and again, and reads what comes of it.
func byteByByte(p *h2test.Peer, id uint32) {
	for range 100 {
		p.WindowUpdate(id, 1)
		settled()
	}
}
