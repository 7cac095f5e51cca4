package relay

import (
	"sync"
	"time"
)

// A segment is bytes on their way, or the end if there are none.
type segment struct {
	data []byte
	due  time.Time // when it arrives
}

// A transit is what is on its way in one direction, in order.
type transit struct {
	link Link

	mu        sync.Mutex
	changed   *sync.Cond // mu is its lock
	segments  []segment  // guarded by mu; not yet taken by next
	size      int        // guarded by mu; bytes that have not arrived
	free      time.Time  // guarded by mu; when the link has sent all that it was given
	abandoned bool       // guarded by mu; the receiver is gone
}

func newTransit(l Link) *transit {
	t := &transit{link: l}
	t.changed = sync.NewCond(&t.mu)
	return t
}

// send gives the link bytes, or the end if data is nil. It waits while the link is full.
//
//	sent    = max(now, sent before) + len(data) / rate
//	arrives = sent + delay
func (t *transit) send(data []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.size >= t.link.capacity() && !t.abandoned {
		t.changed.Wait()
	}
	if now := time.Now(); t.free.Before(now) {
		t.free = now
	}
	t.free = t.free.Add(time.Duration(float64(len(data)) / float64(t.link.Rate) * float64(time.Second)))
	t.segments = append(t.segments, segment{data, t.free.Add(t.link.Delay)})
	t.size += len(data)
	t.changed.Broadcast()
}

// next returns what arrives next, as soon as that is known.
func (t *transit) next() segment {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.segments) == 0 {
		t.changed.Wait()
	}
	s := t.segments[0]
	t.segments[0].data = nil
	t.segments = t.segments[1:]
	return s
}

// arrived makes room for as much as s was.
func (t *transit) arrived(s segment) {
	t.mu.Lock()
	t.size -= len(s.data)
	t.mu.Unlock()
	t.changed.Broadcast()
}

// abandon lets senders go on: there is nothing to wait for.
func (t *transit) abandon() {
	t.mu.Lock()
	t.abandoned = true
	t.mu.Unlock()
	t.changed.Broadcast()
}
