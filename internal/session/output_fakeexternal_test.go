package session

import "h2fork.example/net/internal/sched"

// fakeExternal is a scheduler as a user may write one: a queue a stream, one of
// control frames, and DATA cut into pieces. pick says which of n streams is next.
type fakeExternal struct {
	s       *Session
	control []fakeFrame
	ids     []uint32 // streams with a queue, in the order in which they got it
	queues  map[uint32][]fakeFrame
	pick    func(n int) int
	most    int // bytes of DATA in one frame
	pops    int
	pushes  int // of what streams send
}

type fakeFrame struct {
	st   *Stream
	name string
	size int
	t    Token
}

func newFakeExternal() *fakeExternal {
	return &fakeExternal{queues: make(map[uint32][]fakeFrame), pick: func(int) int { return 0 }, most: 1 << 20}
}

func (x *fakeExternal) Open(*Stream, sched.OpenOptions) {}

// Close forgets what is queued, as a WriteScheduler has to.
func (x *fakeExternal) Close(id uint32)               { x.drop(id) }
func (x *fakeExternal) Adjust(uint32, sched.Priority) {}

func (x *fakeExternal) drop(id uint32) {
	if _, ok := x.queues[id]; !ok {
		return
	}
	delete(x.queues, id)
	for i := range x.ids {
		if x.ids[i] == id {
			x.ids = append(x.ids[:i], x.ids[i+1:]...)
			return
		}
	}
}

func (x *fakeExternal) push(id uint32, f fakeFrame) {
	if x.queues[id] == nil {
		x.ids = append(x.ids, id)
	}
	x.queues[id] = append(x.queues[id], f)
}

func (x *fakeExternal) Push(st *Stream, name string, size int, t Token) {
	x.pushes++
	x.push(t.StreamID(), fakeFrame{st, name, size, t})
}

// PushControl queues frames on streams behind what is there, like most.
func (x *fakeExternal) PushControl(name string, t Token) {
	if t.StreamID() == 0 {
		x.control = append(x.control, fakeFrame{name: name, t: t})
		return
	}
	x.push(t.StreamID(), fakeFrame{name: name, t: t})
}

func (x *fakeExternal) Pop() (Token, int, bool) {
	x.pops++
	if len(x.control) > 0 {
		f := x.control[0]
		x.control = x.control[1:]
		return f.t, 0, true
	}
	if len(x.ids) == 0 {
		return Token{}, 0, false
	}
	first := x.pick(len(x.ids))
	for i := range x.ids {
		id := x.ids[(first+i)%len(x.ids)]
		if f, n, ok := x.take(id); ok {
			return f.t, n, true
		}
	}
	return Token{}, 0, false
}

// take takes the next frame of stream id, or as much of it as may be sent.
func (x *fakeExternal) take(id uint32) (fakeFrame, int, bool) {
	q := x.queues[id]
	f := &q[0]
	n := 0
	if f.size > 0 {
		n = min(f.size, x.most, x.s.MayCarry(f.st))
		if n == 0 {
			return fakeFrame{}, 0, false
		}
		x.s.ChargeWindows(f.st, n)
		if n < f.size {
			f.size -= n
			return *f, n, true
		}
	}
	got := *f
	if x.queues[id] = q[1:]; len(q) == 1 {
		x.drop(id)
	}
	return got, n, true
}
