package session

import (
	"container/heap"
	"fmt"
	"math"
	"testing"
	"time"

	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/wire"
)

// growing is a server's configuration as http2 has it.
func growing(c *Config) {
	c.InitialWindow, c.ConnWindow, c.MaxConcurrentStreams = 128<<10, 1<<20, 250
	c.Growth = Growth{MaxStream: 16 << 20, MaxConn: 16 << 20, Unread: 32 << 20, Free: 16 << 20}
}

// link is a simulated path between a sender and a session: bytes take their time (rate) and then are on their way
// (delay), and so are the session's frames, which are small. All of it in simulated time.
type link struct {
	t     *testing.T
	s     *Session
	now   time.Time
	queue moments
	delay time.Duration
	rate  int // bytes a second
	free  time.Time

	windows map[uint32]int64 // the sender's; 0 for the connection
	streams map[uint32]*sending
	order   []*sending
	pings   int
	waits   int  // PINGs that have not been answered
	pinged  bool // one is among what leaves now
	updates int
}

// sending is a stream and how its reader reads.
type sending struct {
	st       *Stream
	id       uint32
	left     int // to be sent
	arrived  int
	reads    int // bytes a second; 0 for all that arrives, at once
	stops    int // bytes after which it reads no more, or 0
	read     int
	busy     bool
	finished time.Time
	half     time.Time
	total    int
}

type moment struct {
	at  time.Time
	n   int
	run func()
}

type moments []moment

func (m moments) Len() int { return len(m) }
func (m moments) Less(i, j int) bool {
	return m[i].at.Before(m[j].at) || m[i].at.Equal(m[j].at) && m[i].n < m[j].n
}
func (m moments) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *moments) Push(x any)   { *m = append(*m, x.(moment)) }
func (m *moments) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

var momentCount int

func newLink(t *testing.T, roundTrip time.Duration, rate int, edits ...func(*Config)) *link {
	conf := serverConfig()
	growing(&conf)
	for _, edit := range edits {
		edit(&conf)
	}
	conf.Policy = sched.NewRoundRobin()
	l := &link{t: t, now: time.Unix(1e9, 0), delay: roundTrip / 2, rate: rate}
	l.s = New(&conf, l.now)
	l.windows = map[uint32]int64{0: wire.DefaultWindow}
	l.streams = map[uint32]*sending{}
	l.free = l.now
	l.s.RecvSettings(wire.SettingsFrame{})
	l.pump()
	return l
}

func (l *link) at(t time.Time, run func()) {
	momentCount++
	heap.Push(&l.queue, moment{t, momentCount, run})
}

// send has a stream with n bytes begin.
func (l *link) send(id uint32, n int) *sending {
	owner := newStream()
	l.s.Accept(&owner.Stream, id, false, -1, defaultPriority)
	s := &sending{st: &owner.Stream, id: id, left: n, total: n}
	l.streams[id] = s
	l.order = append(l.order, s)
	l.windows[id] = int64(l.s.cfg.InitialWindow)
	return s
}

// run runs until nothing is left to happen, or for d.
func (l *link) run(d time.Duration) {
	end := l.now.Add(d)
	l.at(l.now, l.transmit)
	for len(l.queue) > 0 && !l.queue[0].at.After(end) {
		m := heap.Pop(&l.queue).(moment)
		l.now = m.at
		m.run()
	}
}

// transmit puts frames on the link, one after the other, from streams in turn.
func (l *link) transmit() {
	if l.now.Before(l.free) {
		return
	}
	for i, s := range l.order {
		n := min(int64(s.left), l.windows[0], l.windows[s.id], 16384)
		if n <= 0 {
			continue
		}
		l.order = append(append(l.order[:i:i], l.order[i+1:]...), s)
		l.windows[0] -= n
		l.windows[s.id] -= n
		s.left -= int(n)
		l.free = l.now.Add(time.Duration(n) * time.Second / time.Duration(l.rate))
		l.at(l.free.Add(l.delay), func() { l.arrive(s, int(n)) })
		l.at(l.free, l.transmit)
		return
	}
}

func (l *link) arrive(s *sending, n int) {
	if _, err := l.s.RecvData(wire.DataFrame{StreamID: s.id, Data: make([]byte, n), Length: uint32(n)}, l.now); err != nil {
		l.t.Fatal(err)
	}
	s.arrived += n
	if s.arrived >= s.total/2 && s.half.IsZero() {
		s.half = l.now
	}
	if s.arrived == s.total {
		s.finished = l.now
	}
	l.reads(s)
	l.pump()
}

// reads has the reader of s take what has arrived.
func (l *link) reads(s *sending) {
	n := s.arrived - s.read
	if s.stops > 0 {
		n = min(n, s.stops-s.read)
	}
	if s.reads > 0 {
		n = min(n, 4096)
	}
	if n <= 0 || s.busy {
		return
	}
	take := func() {
		s.busy = false
		s.read += n
		l.s.Consume(s.st, n)
		l.reads(s)
		l.pump()
	}
	if s.reads == 0 {
		take()
		return
	}
	s.busy = true
	l.at(l.now.Add(time.Duration(n)*time.Second/time.Duration(s.reads)), take)
}

// pump has what the session sends be on its way.
func (l *link) pump() {
	if l.s.Probing() {
		l.s.Probe(l.now)
	}
	var b Batch
	l.s.Emit(&b, 1<<16)
	updates := l.updates
	defer func() {
		if l.pinged && (l.updates == updates || l.waits > 1) {
			l.t.Errorf("a PING leaves with %d WINDOW_UPDATEs, and %d are unanswered", l.updates-updates, l.waits)
		}
		l.pinged = false
	}()
	for p := b.Raw; len(p) > 0; {
		h := wire.ParseHeader(p)
		payload := p[wire.HeaderLen:][:h.Length]
		p = p[wire.HeaderLen+h.Length:]
		switch h.Type {
		case wire.WindowUpdate:
			n, _ := wire.ParseWindowUpdate(h, payload)
			l.updates++
			l.at(l.now.Add(l.delay), func() { l.windows[h.StreamID] += int64(n); l.transmit() })
		case wire.Ping:
			data := [8]byte(payload)
			l.pings++
			l.waits++
			l.pinged = true
			l.at(l.now.Add(l.delay), func() {
				at := l.now
				if l.free.After(at) {
					at = l.free // behind what is being sent
				}
				l.at(at.Add(l.delay), func() { l.waits--; l.s.RecvPingAck(data, l.now) })
			})
		}
	}
}

// P110, P114.
func TestAStreamWhoseReaderKeepsUpFillsItsLink(t *testing.T) {
	for _, roundTrip := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 80 * time.Millisecond, 300 * time.Millisecond} {
		for _, rate := range []int{125_000, 1_250_000, 12_500_000, 125_000_000, 1_250_000_000} {
			t.Run(fmt.Sprintf("%v %d", roundTrip, rate), func(t *testing.T) {
				l := newLink(t, roundTrip, rate)
				product := int(roundTrip.Seconds() * float64(rate))
				size := min(max(2<<20, 64*product), 256<<20)
				s := l.send(1, size)
				l.run(time.Hour)
				if s.arrived != size {
					t.Fatalf("%d of %d bytes arrived", s.arrived, size)
				}
				got := float64(size/2) / s.finished.Sub(s.half).Seconds()
				want := min(float64(rate), 12<<20/roundTrip.Seconds()) // a quarter may be withheld
				if got < 0.85*want {
					t.Errorf("%.1f MB/s in the second half, want %.1f; the window is %d, the round trip %v", got/1e6, want/1e6, s.st.recv.size, l.s.growth.roundTrip.estimate())
				}
				if most := max(256<<10, 8*product, 8*rate/500); int(s.st.recv.size) > most {
					t.Errorf("the window is %d, though %d are on their way", s.st.recv.size, product)
				}
				if l.pings > 3+2*int(s.finished.Sub(time.Unix(1e9, 0)).Seconds()) {
					t.Errorf("%d PINGs", l.pings)
				}
			})
		}
	}
}

func TestAWindowDoesNotGrowForAReaderThatIsSlow(t *testing.T) {
	l := newLink(t, 20*time.Millisecond, 125_000_000)
	s := l.send(1, 8<<20)
	s.reads = 1 << 20
	l.run(time.Hour)
	if s.read != 8<<20 || s.st.recv.size != 128<<10 {
		t.Errorf("%d read, the window is %d", s.read, s.st.recv.size)
	}
}

func TestAReaderThatStopsHoldsWhatItsWindowHadBecome(t *testing.T) {
	l := newLink(t, 80*time.Millisecond, 125_000_000)
	s := l.send(1, 1<<30)
	s.stops = 4 << 20
	l.run(10 * time.Second)
	if held := s.arrived - s.read; held != int(s.st.recv.size) || held > 4<<20 {
		t.Errorf("%d are held, the window is %d", held, s.st.recv.size)
	}
}

func TestAStreamBeginsWithWhatOthersHaveNeededOnceItIsRead(t *testing.T) {
	l := newLink(t, 80*time.Millisecond, 125_000_000)
	l.send(1, 64<<20)
	l.run(time.Hour)
	l.s.RecvData(wire.DataFrame{StreamID: 1, EndStream: true}, l.now)
	begin, s := l.now, l.send(3, 4<<20)
	unread := l.send(5, 1<<20)
	unread.stops = -1
	unread.reads = 1
	l.run(time.Minute)
	if took := s.finished.Sub(begin); took > 4*80*time.Millisecond {
		t.Errorf("4 MiB took %v, the window is %d of %d, grown %d of %d", took, s.st.recv.size, l.s.growth.learned, l.s.growth.grown, l.s.growth.target)
	}
	if unread.arrived != 128<<10 {
		t.Errorf("%d bytes arrived that are not read", unread.arrived)
	}
}

func TestALongUploadLeavesRoomToOthers(t *testing.T) {
	l := newLink(t, 80*time.Millisecond, 125_000_000)
	long := l.send(1, math.MaxInt32)
	l.run(3 * time.Second)
	grown := long.st.recv.size
	s := l.send(3, 64<<20)
	l.run(5 * time.Second)
	if s.arrived != 64<<20 || long.st.recv.size >= grown {
		t.Errorf("%d bytes arrived in 5 s; the windows are %d and %d, was %d", s.arrived, s.st.recv.size, long.st.recv.size, grown)
	}
}

// golang/go#47840.
func TestStreamsThatAreNotReadHoldUpNone(t *testing.T) {
	l := newLink(t, 20*time.Millisecond, 125_000_000)
	for id := uint32(3); id < 3+2*249; id += 2 {
		s := l.send(id, 1<<20)
		s.reads, s.busy = 1, true
	}
	l.run(time.Minute)
	begin, s := l.now, l.send(1001, 32<<20)
	l.run(time.Minute)
	if took := s.finished.Sub(begin); s.arrived != 32<<20 || took > time.Second {
		t.Errorf("%d bytes arrived in %v; window %d, grown %d of %d, round trip %v", s.arrived, took, s.st.recv.size, l.s.growth.grown, l.s.growth.target, l.s.growth.roundTrip.estimate())
	}
	if size := l.s.recv.size; size > l.s.cfg.Growth.Unread+l.s.growth.target {
		t.Errorf("the connection's window is %d", size)
	}
}

// What grew and is not read any more leaves the others their windows.
func TestStreamsThatHaveGrownAndStopHoldUpNone(t *testing.T) {
	l := newLink(t, 80*time.Millisecond, 125_000_000)
	for id := uint32(1); id < 11; id += 2 {
		l.send(id, 1<<30).stops = 16 << 20
	}
	l.run(time.Minute)
	for id := uint32(11); id < 211; id += 2 {
		s := l.send(id, 1<<20)
		s.reads, s.busy = 1, true
	}
	l.run(time.Minute)
	s := l.send(1001, 1<<20)
	l.run(time.Minute)
	if s.arrived != 1<<20 {
		t.Errorf("%d bytes arrived; target %d, grown %d, size %d", s.arrived, l.s.growth.target, l.s.growth.grown, l.s.recv.size)
	}
}

// P114.
func TestSmallRequestsHaveNothingMeasured(t *testing.T) {
	l := newLink(t, 20*time.Millisecond, 125_000_000)
	updates := l.updates
	for id := uint32(1); id < 99; id += 2 {
		s := l.send(id, 10<<10)
		l.run(time.Second)
		l.s.RecvData(wire.DataFrame{StreamID: id, EndStream: true}, l.now)
		l.s.Reset(s.st, wire.NoError, nil)
	}
	if l.pings != 0 || l.updates-updates > 2 {
		t.Errorf("%d PINGs and %d WINDOW_UPDATEs for 490 KiB", l.pings, l.updates-updates)
	}
}

// P112: the attack at its full size. Only frames are counted here, no content is held.
func TestABudgetThatIsUsedUpLeavesFixedWindows(t *testing.T) {
	const conns, streams, size = 1000, 250, 1 << 30
	budget := NewBudget(size)
	use := func(c *Config) { c.Growth.Budget = budget }
	held := 0
	var links []*link
	for range conns {
		l := newLink(t, time.Millisecond, 1_250_000_000, use)
		for id := uint32(1); id < 2*streams; id += 2 {
			s := l.send(id, 128<<10)
			s.reads, s.busy = 1, true
		}
		l.run(time.Minute)
		for _, s := range l.streams {
			held += s.arrived
		}
		links = append(links, l)
	}
	if most := conns<<20 + size; held > most || budget.Used() > size || budget.Used() < size*2/3 {
		t.Errorf("%d bytes are held, want at most %d; %d of the budget are used", held, most, budget.Used())
	}
	other := newLink(t, time.Millisecond, 1_250_000_000, use)
	s := other.send(1, 32<<20)
	if other.run(time.Minute); s.arrived != 32<<20 {
		t.Errorf("%d bytes of another connection's upload arrived", s.arrived)
	}
	for _, l := range append(links, other) {
		l.s.CloseAll(errCause)
	}
	if budget.Used() != 0 {
		t.Errorf("%d of the budget are used without a connection", budget.Used())
	}
}

func TestTheRoundTripIsTheLeastOfTheLastMinute(t *testing.T) {
	var r roundTrip
	now := time.Duration(0)
	measure := func(d time.Duration) {
		data := r.probe(now)
		r.answered([8]byte{1}, now) // another's
		now += d
		r.answered(data, now)
		now += 10 * time.Second
	}
	for _, step := range []struct{ sample, want time.Duration }{
		{80, 80}, {300, 80}, {60, 60}, {200, 60}, {200, 60}, {200, 60}, {200, 200},
	} {
		measure(step.sample * time.Millisecond)
		if got := r.estimate(); got != step.want*time.Millisecond {
			t.Errorf("after %v ms: %v, want %v ms", int64(step.sample), got, int64(step.want))
		}
	}
}
