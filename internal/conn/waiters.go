package conn

import "sync"

// waiters are goroutines that wait until something has changed, under a mutex that
// guards this, too. Few streams ever have any, so there is a condition variable
// only while a goroutine waits: two in each stream were a twentieth of what a
// request allocated.
type waiters struct{ at *waitQueue } // nil: no goroutine waits

type waitQueue struct {
	sync.Cond
	n int // goroutines
}

// The queues in waitQueues have no waiters, and no wake is under way on them: wake
// is called under the mutex.
var waitQueues = sync.Pool{New: func() any { return new(waitQueue) }}

// wait unlocks mu, which is locked, waits for a wake, and locks it again.
func (w *waiters) wait(mu *sync.Mutex) {
	if w.at == nil {
		w.at = waitQueues.Get().(*waitQueue)
		w.at.L = mu
	}
	w.at.n++
	w.at.Wait()
	w.at.n--
	if w.at.n == 0 {
		w.at.L = nil
		waitQueues.Put(w.at)
		w.at = nil
	}
}

// wake wakes all goroutines that wait. The mutex is locked.
func (w *waiters) wake() {
	if w.at != nil {
		w.at.Broadcast()
	}
}

// any reports whether a goroutine waits. The mutex is locked.
func (w *waiters) any() bool { return w.at != nil }
