package http2

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// What a server does with a request, once it has taken some of its body.
const (
	refuses       = "refuses it"
	leaves        = "sends GOAWAY, below it"
	leavesAtOnce  = "sends GOAWAY, below it, and closes"
	cannotBeFound = "is not there" // the connection before has ended

	// After these no further attempt may come: the server may have processed it.
	doesAnswer      = "answers it"
	answersThenGoes = "sends GOAWAY, which names it, and answers it"
	answersEarly    = "answers it before it has ended"
	fails           = "says INTERNAL_ERROR"
	breaks          = "closes the connection"
)

var (
	notProcessed = []string{refuses, leaves, leavesAtOnce}
	mayBe        = []string{doesAnswer, answersThenGoes, answersEarly, fails, breaks}
)

// A try is what an attempt at a request meets.
type try struct {
	does  string
	takes int // bytes of the body, before it does that
}

// A replayCase is a request, and what its attempts meet.
type replayCase struct {
	content         []byte
	piece           int   // how much one Read returns
	pause           bool  // between them
	end             error // of the body
	length          bool  // is known
	getBody         bool
	trailer, expect bool
	tries           []try
}

func (r *replayCase) String() string {
	return fmt.Sprintf("%d bytes in pieces of %d, pauses %v, then %v; length known %v, GetBody %v, trailer %v, Expect %v: %v",
		len(r.content), r.piece, r.pause, r.end, r.length, r.getBody, r.trailer, r.expect, r.tries)
}

// mustSucceed reports whether the request has to be answered.
func (r *replayCase) mustSucceed() bool {
	last := r.tries[len(r.tries)-1].does
	return r.end == io.EOF && (last == doesAnswer || last == answersThenGoes) &&
		(len(r.content) < maxKept || r.getBody || len(r.tries) == 1)
}

// A replayBody is a body that comes in pieces. Its Reads are for one goroutine at a
// time, and each says where it began.
type replayBody struct {
	r      *replayCase
	rest   []byte
	busy   bool // without a lock: the race detector says who shares it
	closes int
}

func (b *replayBody) Read(p []byte) (int, error) {
	if b.busy {
		return 0, errors.New("two goroutines read the body")
	}
	b.busy = true
	defer func() { b.busy = false }()
	if b.r.pause {
		time.Sleep(time.Millisecond)
	}
	if len(b.rest) == 0 {
		return 0, b.r.end
	}
	n := copy(p[:min(len(p), b.r.piece)], b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *replayBody) Close() error { b.closes++; return nil }

// request is the request. Its bodies are appended to all.
func (r *replayCase) request(all *[]*replayBody) *http.Request {
	body := func() (io.ReadCloser, error) {
		b := &replayBody{r: r, rest: r.content}
		*all = append(*all, b)
		return b, nil
	}
	first, _ := body()
	req, _ := http.NewRequest("POST", "https://example.com/", first)
	if r.length {
		req.ContentLength = int64(len(r.content))
	}
	if r.getBody {
		req.GetBody = body
	}
	if r.trailer {
		req.Trailer = http.Header{"X-Sum": {"42"}}
	}
	if r.expect {
		req.Header.Set("Expect", "100-continue")
	}
	return req
}

// An arrival is an attempt, as the server saw it.
type arrival struct {
	try    try
	did    bool
	fields string
	body   []byte
	ended  bool
	sum    string // of its trailers
}

// tryServer is every server that a replay meets. An arrival is its connection's.
type tryServer struct {
	t *testing.T
	r *replayCase

	mu       sync.Mutex
	arrivals []*arrival // guarded by mu
}

// arrive is the next attempt's arrival, or nil if there should have been no other.
func (s *tryServer) arrive(fields string) *arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.arrivals) >= len(s.r.tries) {
		s.t.Errorf("one more attempt came than there are tries")
		return nil
	}
	a := &arrival{try: s.r.tries[len(s.arrivals)], fields: fields}
	s.arrivals = append(s.arrivals, a)
	return a
}

// gone reports whether the next attempt is to find nobody.
func (s *tryServer) gone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.arrivals)
	return n < len(s.r.tries) && s.r.tries[n].does == cannotBeFound
}

var errNoServer = errors.New("nobody is there")

func (s *tryServer) dial(context.Context, string, string, *tls.Config) (net.Conn, error) {
	return s.connect(func(server net.Conn) net.Conn { return server })
}

// dialTLS is dial for net/http, which needs TLS to agree on HTTP/2.
func (s *tryServer) dialTLS(ctx context.Context, _, _ string) (net.Conn, error) {
	certificate, protos := testCertificate(), []string{NextProtoTLS}
	nc, err := s.connect(func(server net.Conn) net.Conn {
		return tls.Server(server, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: protos})
	})
	if err != nil {
		return nil, err
	}
	client := tls.Client(nc, &tls.Config{InsecureSkipVerify: true, NextProtos: protos})
	return client, client.HandshakeContext(ctx)
}

func (s *tryServer) connect(over func(server net.Conn) net.Conn) (net.Conn, error) {
	if s.gone() {
		return nil, errNoServer
	}
	client, server := h2test.Pipe()
	go s.serve(over(server))
	return client, nil
}

// serve serves a connection.
func (s *tryServer) serve(nc net.Conn) {
	defer nc.Close()
	nc.Write(wire.AppendWindowUpdate(wire.AppendSettings(nil, wire.Setting{ID: wire.SettingInitialWindowSize}), 0, 1<<24))
	io.ReadFull(nc, make([]byte, len(wire.Preface)))
	streams := make(map[uint32]*arrival)
	var fields []hpack.HeaderField
	dec := hpack.NewDecoder(wire.DefaultHeaderTableSize, func(f hpack.HeaderField) { fields = append(fields, f) })
	head := make([]byte, wire.HeaderLen)
	for {
		if _, err := io.ReadFull(nc, head); err != nil {
			return
		}
		h := wire.ParseHeader(head)
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(nc, payload); err != nil {
			return
		}
		a, id := streams[h.StreamID], h.StreamID
		switch {
		case h.Type == wire.Settings && !h.Flags.Has(wire.FlagAck):
			nc.Write(wire.AppendSettingsAck(nil))
		case h.Type == wire.Ping && !h.Flags.Has(wire.FlagAck):
			nc.Write(wire.AppendPing(nil, true, [8]byte(payload)))
		case h.Type == wire.Headers:
			fields = nil
			dec.Write(payload)
			if a != nil {
				a.sum = fmt.Sprint(fields)
				break
			}
			if a = s.arrive(fmt.Sprint(fields)); a == nil {
				return
			}
			streams[id] = a
			if s.r.expect {
				nc.Write(wire.AppendHeaders(nil, wire.HeadersParam{StreamID: id, EndHeaders: true, Fragment: []byte("\x08\x03100")}))
			}
			s.open(nc, id, a.try.takes)
		case h.Type == wire.Data:
			a.body = append(a.body, payload...)
		}
		if a == nil {
			continue
		}
		a.ended = a.ended || h.Flags.Has(wire.FlagEndStream) && (h.Type == wire.Headers || h.Type == wire.Data)
		if h.Type != wire.RSTStream && !s.act(nc, id, a) {
			return
		}
	}
}

// open lets n bytes of a body come.
func (s *tryServer) open(nc net.Conn, id uint32, n int) {
	if n > 0 {
		nc.Write(wire.AppendWindowUpdate(nil, id, uint32(n)))
	}
}

// enough is a window that takes any of these bodies.
const enough = 1 << 20

// act does what is to be done when as much has come as was to be taken. It reports
// whether the connection goes on.
func (s *tryServer) act(nc net.Conn, id uint32, a *arrival) bool {
	if !a.ended && len(a.body) < a.try.takes {
		return true
	}
	first := !a.did
	a.did = true
	status := func(code string, end bool) {
		nc.Write(wire.AppendHeaders(nil, wire.HeadersParam{StreamID: id, EndHeaders: true, EndStream: end, Fragment: []byte("\x08\x03" + code)}))
	}
	switch a.try.does {
	case doesAnswer, answersThenGoes:
		if first && a.try.does == answersThenGoes {
			nc.Write(wire.AppendGoAway(nil, id, wire.NoError, nil))
		}
		if first {
			s.open(nc, id, enough)
		}
		if a.ended {
			status("204", true)
			a.try.does = "is done"
		}
		return true
	}
	if !first {
		return true
	}
	switch a.try.does {
	case refuses:
		nc.Write(wire.AppendRSTStream(nil, id, wire.RefusedStream))
	case leaves, leavesAtOnce:
		nc.Write(wire.AppendGoAway(nil, id-1, wire.NoError, nil))
		return a.try.does == leaves
	case answersEarly:
		status("204", true)
		nc.Write(wire.AppendRSTStream(nil, id, wire.NoError))
	case fails:
		nc.Write(wire.AppendRSTStream(nil, id, wire.InternalError))
	case breaks:
		return false
	}
	return true
}

// ways are how a request is sent.
var ways = []struct {
	name      string
	cases     int // those of TLS take longer
	transport func(*testing.T, *tryServer) tripper
}{
	{"http2.Transport", 1500, func(_ *testing.T, s *tryServer) tripper { return &Transport{DialTLSContext: s.dial} }},
	{"ConfigureTransports", 500, func(t *testing.T, s *tryServer) tripper {
		t1 := &http.Transport{DialTLSContext: s.dialTLS}
		configured(t, t1)
		return t1
	}},
	{"ReverseProxy", 500, func(_ *testing.T, s *tryServer) tripper { return newProxied(s, reverseProxy, false) }},
	{"a proxy that passes the Body on", 500, func(_ *testing.T, s *tryServer) tripper { return newProxied(s, passesOn, true) }},
}

type tripper interface {
	http.RoundTripper
	CloseIdleConnections()
}

// run makes the request, and checks what must hold whatever it meets: no byte twice
// and none missing, and nothing again that may have been processed.
func (r *replayCase) run(t *testing.T, transport func(*testing.T, *tryServer) tripper) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log(r)
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		s := &tryServer{t: t, r: r}
		tr := transport(t, s)
		if p, ok := tr.(*proxied); ok {
			p.simplify(r)
		}
		var bodies []*replayBody
		res, err := tr.RoundTrip(r.request(&bodies))
		time.Sleep(time.Second)
		tr.CloseIdleConnections()
		time.Sleep(time.Hour)
		synctest.Wait()
		if r.mustSucceed() && (err != nil || res.StatusCode != http.StatusNoContent) {
			t.Errorf("RoundTrip: %v, %v", res, err)
		}
		for i, b := range bodies {
			if b.closes == 0 {
				t.Errorf("body %d of %d is open", i+1, len(bodies))
			}
		}
		for i, a := range s.arrivals {
			s.check(i, a)
		}
	})
}

// check checks an attempt.
func (s *tryServer) check(i int, a *arrival) {
	s.t.Helper()
	if !bytes.HasPrefix(s.r.content, a.body) {
		s.t.Errorf("attempt %d: %d bytes came that are not the body's", i+1, len(a.body))
	}
	if a.ended && (len(a.body) != len(s.r.content) || s.r.end != io.EOF) {
		s.t.Errorf("attempt %d looks complete with %d bytes", i+1, len(a.body))
	}
	if a.ended && s.r.trailer != strings.Contains(a.sum, "42") {
		s.t.Errorf("attempt %d ended with trailers %s", i+1, a.sum)
	}
	if a.fields != s.arrivals[0].fields {
		s.t.Errorf("attempt %d has fields %s, the first had %s", i+1, a.fields, s.arrivals[0].fields)
	}
	if i+1 < len(s.arrivals) && !slices.Contains(notProcessed, s.r.tries[i].does) {
		s.t.Errorf("attempt %d, which the server may have processed, was followed by another", i+1)
	}
}

// P124. Wherever the server says that it has not processed a request, and wherever it says
// so once more, the request arrives whole.
func TestRequestIsSentAgainFromEveryByteOfItsBody(t *testing.T) {
	content := pattern(12)
	for takes := range len(content) + 1 {
		for _, first := range notProcessed {
			for _, again := range notProcessed {
				for _, shape := range []replayCase{
					{piece: 1},
					{piece: 5, length: true, trailer: true},
					{piece: 12, length: true, expect: true},
					{piece: 5, pause: true, getBody: true},
				} {
					shape.content, shape.end = content, io.EOF
					for second := 0; second <= len(content); second += 3 {
						shape.tries = []try{{first, takes}, {again, second}, {doesAnswer, takes}}
						shape.run(t, ways[0].transport)
					}
				}
			}
		}
	}
}

// A GOAWAY that names the request leaves it alone, wherever it comes.
func TestGoAwayThatNamesTheRequestAtEveryByteOfItsBody(t *testing.T) {
	content := pattern(40)
	for takes := range len(content) + 1 {
		for _, piece := range []int{1, 7, 40} {
			r := replayCase{content: content, piece: piece, end: io.EOF, trailer: true, tries: []try{{answersThenGoes, takes}}}
			r.run(t, ways[0].transport)
		}
	}
}

// GetBody is there for every attempt, also for those that net/http makes: a body that is
// longer than what is kept is sent a third time.
func TestGetBodyIsAskedForEachAttempt(t *testing.T) {
	for _, way := range ways {
		for _, second := range notProcessed {
			r := replayCase{content: pattern(100_000), piece: 500, end: io.EOF, getBody: true, trailer: true,
				tries: []try{{leavesAtOnce, 36_960}, {second, 81_847}, {doesAnswer, 100}}}
			r.run(t, way.transport)
		}
	}
}

// someReplay is a request of any kind that meets anything.
func someReplay(rng *rand.Rand) *replayCase {
	coin := func() bool { return rng.IntN(2) == 0 }
	sizes := []int{0, 1, 100, firstKept - 1, firstKept, firstKept + 1, maxKept - 1, maxKept, maxKept + 1, 100_000}
	size := func() int {
		if coin() {
			return rng.IntN(300)
		}
		return sizes[rng.IntN(len(sizes))]
	}
	r := &replayCase{
		content: pattern(size()), piece: 1 + size(), pause: coin(), end: io.EOF,
		length: coin(), getBody: rng.IntN(4) == 0, trailer: coin(), expect: rng.IntN(4) == 0,
	}
	if rng.IntN(5) == 0 {
		r.end = errors.New("the body fails")
	}
	if len(r.content) == 0 {
		r.length = false // a Request with a body of length 0 has none
	}
	r.piece = max(r.piece, len(r.content)/200)
	takes := func() int { return rng.IntN(len(r.content) + 2) }
	for range rng.IntN(4) {
		r.tries = append(r.tries, try{notProcessed[rng.IntN(len(notProcessed))], takes()})
	}
	if n := len(r.tries); n > 0 && r.tries[n-1].does != refuses && rng.IntN(8) == 0 {
		r.tries = append(r.tries, try{cannotBeFound, 0})
	} else {
		r.tries = append(r.tries, try{mayBe[rng.IntN(len(mayBe))], takes()})
	}
	return r
}

func TestNoByteIsLostOrSentTwiceWhateverARequestMeets(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			for seed := range uint64(way.cases) {
				someReplay(rand.New(rand.NewPCG(seed, 12))).run(t, way.transport)
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}
