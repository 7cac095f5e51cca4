package session

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/wire"
)

// TestTwoSessions lets a client and a server talk, with everything that the
// world decides left to chance: when output is emitted and how much, how it is
// cut on its way, who writes, reads, resets and changes settings when. Every
// byte arrives once and in order, every stream ends once, and nothing is left.
func TestTwoSessions(t *testing.T) {
	const seeds = 10
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			for seed := range uint64(seeds) {
				p := newPair(t, rand.New(rand.NewPCG(seed, 2)), sch.use)
				for range 1000 {
					p.step()
				}
				p.finish()
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

// FuzzTwoSessions is TestTwoSessions with a fuzzer in the place of chance.
func FuzzTwoSessions(f *testing.F) {
	for setup := range byte(len(schedulers)) {
		f.Add(setup, []byte("\x80\x00\x80\xff\x80\x20\x10\x80\x80\x20\x80\x80\xff\x40\x80\xff\x80\x00\x40"))
	}
	f.Fuzz(func(t *testing.T, setup byte, decisions []byte) {
		rng, left := h2test.Choices(decisions[:min(len(decisions), 1<<12)])
		p := newPair(t, rng, schedulers[int(setup)%len(schedulers)].use)
		for left() > 0 {
			p.step()
		}
		p.finish()
	})
}

// half is one direction of an exchange.
type half struct {
	size     int // of the body
	queued   int
	header   bool
	ended    bool
	trailers bool
}

// exchange is a request and its response.
type exchange struct {
	n                 int
	client, server    *testStream // server's is nil until the request has arrived
	request, response half
	reset             bool // by whomever
	stopped           bool // the server has no use for the rest of the request
}

type pair struct {
	t              *testing.T
	rng            *rand.Rand
	client, server *endpoint
	toServer       []byte
	toClient       []byte
	exchanges      []*exchange
	window         int
}

func newPair(t *testing.T, rng *rand.Rand, use func(*Config)) *pair {
	p := &pair{t: t, rng: rng}
	windows := []int{1, 100, 3000, wire.DefaultWindow, 1 << 20}
	p.window = windows[p.rng.IntN(len(windows))]
	conf := serverConfig()
	use(&conf)
	conf.MaxConcurrentStreams = uint32(1 + p.rng.IntN(8))
	conf.InitialWindow = int32(p.window)
	if p.window >= wire.DefaultWindow && p.rng.IntN(4) > 0 {
		conf.Growth = anyGrowth(p.rng)
	}
	p.server = newEndpoint(t, conf)
	use(&conf) // another instance
	conf.Role = Client
	if conf.External != nil {
		// Only servers have one. With one at both ends, WINDOW_UPDATE could wait
		// behind DATA of its stream in both.
		conf.Policy, conf.External = sched.NewRoundRobin(), nil
	}
	p.client = newEndpoint(t, conf)
	if x, ok := p.server.cfg.External.(*fakeExternal); ok {
		x.pick, x.most = p.rng.IntN, 1+p.rng.IntN(20000)
	}
	p.server.onOpen = p.arrived
	return p
}

// anyGrowth has windows grow, within bounds that are soon reached.
func anyGrowth(rng *rand.Rand) Growth {
	return Growth{
		MaxStream: int32(rng.IntN(1 << 21)), MaxConn: int32(rng.IntN(1 << 21)), Unread: int32(rng.IntN(1 << 20)),
		Free: int32(rng.IntN(1 << 20)),
	}
}

// arrived is a request at the server.
func (p *pair) arrived(id uint32, end bool, fields []hpack.HeaderField) error {
	n, err := strconv.Atoi(fields[1].Value)
	if err != nil {
		p.t.Fatal(fields)
	}
	x := p.exchanges[n]
	if err := p.server.acceptAny(id, end, fields); err != nil {
		x.reset = true // the client did not know our limit yet
		return err
	}
	x.server = p.server.stream(id)
	return nil
}

// content is body bytes from..to of an exchange, in one direction.
func content(n, from, to, direction int) string {
	b := make([]byte, 0, to-from)
	for i := from; i < to; i++ {
		b = append(b, byte(i>>8*31+i*7+n*13+direction*101))
	}
	return string(b)
}

func (p *pair) chance(percent int) bool { return p.rng.IntN(100) < percent }

func (p *pair) step() {
	switch r := p.rng.IntN(100); {
	case r < 4:
		p.open()
	case r < 24:
		p.emit(p.client, &p.toServer)
	case r < 44:
		p.emit(p.server, &p.toClient)
	case r < 58:
		p.deliver(p.server, &p.toServer, p.rng.IntN(len(p.toServer)+1))
	case r < 72:
		p.deliver(p.client, &p.toClient, p.rng.IntN(len(p.toClient)+1))
	case r < 74:
		p.changeSettings()
	default:
		if len(p.exchanges) > 0 {
			p.act(p.exchanges[p.rng.IntN(len(p.exchanges))])
		}
	}
	p.client.check()
	p.server.check()
}

func (p *pair) open() {
	if len(p.exchanges) == 40 {
		return
	}
	most := min(200*p.window, 60000)
	size := func() int {
		if p.chance(30) {
			return 0
		}
		return p.rng.IntN(most)
	}
	x := &exchange{n: len(p.exchanges)}
	x.request = half{size: size(), trailers: p.chance(20), header: true}
	x.response = half{size: size(), trailers: p.chance(20)}
	p.exchanges = append(p.exchanges, x)
	x.client = newStream()
	p.client.all = append(p.client.all, x.client)
	x.request.ended = x.request.size == 0 && !x.request.trailers
	fields := []string{":method", "POST", "n", strconv.Itoa(x.n)}
	if p.chance(50) {
		fields = append(fields, "content-length", strconv.Itoa(x.request.size))
	}
	p.client.Open(&x.client.Stream, fieldSection(fields...), x.request.ended)
}

// act has one end do something about an exchange.
func (p *pair) act(x *exchange) {
	switch r := p.rng.IntN(100); {
	case r < 30:
		p.send(p.client, x.client, &x.request, x.n, 0)
	case r < 40:
		p.read(p.client, x.client)
	case x.server == nil:
		if r == 99 {
			p.cancel(x)
		}
	case r < 70:
		p.send(p.server, x.server, &x.response, x.n, 1)
	case r < 95:
		p.read(p.server, x.server)
	case r < 98:
		if x.response.ended {
			x.stopped = true
			p.server.Done(&x.server.Stream)
		}
	case r == 98:
		x.reset = x.reset || !x.server.Closed()
		p.server.Reset(&x.server.Stream, wire.InternalError, errCause)
	default:
		p.cancel(x)
	}
}

func (p *pair) cancel(x *exchange) {
	x.reset = x.reset || !x.client.Closed()
	p.client.Reset(&x.client.Stream, wire.Cancel, errCause)
}

// send queues what comes next.
func (p *pair) send(e *endpoint, st *testStream, h *half, n, direction int) {
	switch {
	case h.ended || st.Closed() || st.Lent():
	case !h.header:
		if p.chance(30) {
			e.info(st)
		}
		e.header(st)
		h.header = true
	case h.queued < h.size:
		to := min(h.size, h.queued+1+p.rng.IntN(20000))
		if body := content(n, h.queued, to, direction); p.chance(50) {
			e.lend(st, body)
		} else {
			e.data(st, body)
		}
		h.queued = to
	case h.trailers:
		e.trailers(st)
		h.ended = true
	default:
		e.end(st)
		h.ended = true
	}
}

// read takes some of what has arrived.
func (p *pair) read(e *endpoint, st *testStream) {
	n := int(st.unread)
	if n == 0 {
		return
	}
	n = 1 + p.rng.IntN(n)
	if st.Closed() && p.chance(50) {
		e.discard(st, n)
	} else {
		e.Consume(&st.Stream, n)
	}
}

func (p *pair) emit(e *endpoint, pipe *[]byte) {
	pending := e.Pending()
	b := e.emitBytes(1 + p.rng.IntN(1<<16))
	if len(b) > 0 && !pending {
		p.t.Fatalf("%q left without being pending", describeAll(b))
	}
	*pipe = append(*pipe, b...)
}

// deliver moves the complete frames among the first n bytes of pipe, as long as
// its reader reads.
func (p *pair) deliver(e *endpoint, pipe *[]byte, n int) {
	for n >= wire.HeaderLen && !e.Backlogged() {
		size := wire.HeaderLen + int(wire.ParseHeader(*pipe).Length)
		if n < size {
			return
		}
		frame := (*pipe)[:size]
		*pipe, n = (*pipe)[size:], n-size
		err := e.recv(bytes.Clone(frame))
		if se, ok := err.(*wire.StreamError); ok && se.Code == wire.RefusedStream {
			e.handle(err)
			err = nil
		}
		if err != nil {
			p.t.Fatalf("%q: %v", describeAll(frame), err)
		}
	}
}

// changeSettings has one side change what it announced, down or back: the other
// side of its flow control stays as it was.
func (p *pair) changeSettings() {
	from, pipe := p.client, &p.toServer
	if p.chance(50) {
		from, pipe = p.server, &p.toClient
	}
	if from.control.settings {
		return // not greeted yet
	}
	var s wire.Setting
	switch p.rng.IntN(4) {
	case 0:
		s = wire.Setting{ID: wire.SettingInitialWindowSize, Val: uint32(p.rng.IntN(p.window + 1))}
	case 1:
		s = wire.Setting{ID: wire.SettingMaxFrameSize, Val: uint32(16384 + p.rng.IntN(10000))}
	case 2:
		s = wire.Setting{ID: wire.SettingHeaderTableSize, Val: uint32(p.rng.IntN(4097))}
	case 3:
		if from == p.client {
			return // no pushes
		}
		s = wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: uint32(p.rng.IntN(int(from.cfg.MaxConcurrentStreams) + 1))}
	}
	p.announce(from, pipe, s)
}

func (p *pair) announce(from *endpoint, pipe *[]byte, s wire.Setting) {
	*pipe = wire.AppendSettings(*pipe, s)
	from.control.unacked++
}

// finish has both ends do what is left to do, and looks at what came of it.
func (p *pair) finish() {
	p.emit(p.client, &p.toServer)
	p.emit(p.server, &p.toClient)
	for _, side := range []struct {
		from *endpoint
		pipe *[]byte
	}{{p.client, &p.toServer}, {p.server, &p.toClient}} {
		p.announce(side.from, side.pipe, wire.Setting{ID: wire.SettingInitialWindowSize, Val: uint32(p.window)})
	}
	p.announce(p.server, &p.toClient, wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: p.server.cfg.MaxConcurrentStreams})
	for p.round() {
	}
	if len(p.toServer)+len(p.toClient) > 0 || p.client.Pending() || p.server.Pending() {
		p.t.Error("something is on its way")
	}
	for _, x := range p.exchanges {
		p.verify(x)
	}
	for _, e := range []*endpoint{p.client, p.server} {
		if e.OpenStreams() != 0 || e.localOpen+e.peerOpen != 0 {
			p.t.Errorf("%d streams are open", e.OpenStreams())
		}
	}
	if c, s := p.client.send.conn, p.server.Session.recv.avail; c != int64(s) {
		p.t.Errorf("the client may send %d, the server expects %d", c, s)
	}
	if c, s := p.client.Session.recv.avail, p.server.send.conn; s != int64(c) {
		p.t.Errorf("the server may send %d, the client expects %d", s, c)
	}
}

// round reports whether anything happened.
func (p *pair) round() bool {
	before := p.progress()
	for _, x := range p.exchanges {
		p.send(p.client, x.client, &x.request, x.n, 0)
		p.take(p.client, x.client)
		if x.server != nil {
			p.send(p.server, x.server, &x.response, x.n, 1)
			p.take(p.server, x.server)
		}
	}
	moved := len(p.toServer) + len(p.toClient)
	p.emit(p.client, &p.toServer)
	p.emit(p.server, &p.toClient)
	moved += len(p.toServer) + len(p.toClient)
	p.deliver(p.server, &p.toServer, len(p.toServer))
	p.deliver(p.client, &p.toClient, len(p.toClient))
	return moved > 0 || p.progress() != before
}

func (p *pair) take(e *endpoint, st *testStream) {
	if st.unread > 0 {
		e.Consume(&st.Stream, int(st.unread))
	}
}

func (p *pair) progress() string {
	s := ""
	for _, x := range p.exchanges {
		s += fmt.Sprint(x.request.queued, x.request.ended, x.response.queued, x.response.header, x.response.ended, len(x.client.body), " ")
	}
	return s
}

func (p *pair) verify(x *exchange) {
	if !x.client.Closed() || x.server != nil && !x.server.Closed() {
		p.t.Errorf("exchange %d: the client's stream %d is %v: %+v", x.n, x.client.ID(), x.client.State(), x)
		return
	}
	if x.client.Lent() || x.server != nil && x.server.Lent() {
		p.t.Errorf("exchange %d: bytes are still lent", x.n)
	}
	whole := content(x.n, 0, x.response.size, 1)
	if got := string(x.client.body); got != whole && (!x.reset || len(got) > len(whole) || got != whole[:len(got)]) {
		p.t.Errorf("exchange %d: %d bytes of the response, want %d", x.n, len(got), len(whole))
	}
	if x.server == nil {
		if !x.reset {
			p.t.Errorf("exchange %d never arrived", x.n)
		}
		return
	}
	whole = content(x.n, 0, x.request.size, 0)
	if got := string(x.server.body); got != whole && (!x.reset && !x.stopped || len(got) > len(whole) || got != whole[:len(got)]) {
		p.t.Errorf("exchange %d: %d bytes of the request, want %d", x.n, len(got), len(whole))
	}
	if !x.reset && !x.stopped && (x.client.Err() != nil || x.server.Err() != nil || !x.server.RemoteEnded() || !x.client.RemoteEnded()) {
		p.t.Errorf("exchange %d ended with %v and %v", x.n, x.client.Err(), x.server.Err())
	}
}
