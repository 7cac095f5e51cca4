package conn

import (
	"context"
	"runtime/pprof"
)

// workers are the goroutines that run handlers. Everything in it is guarded by
// Conn.mu.
type workers struct {
	first, last *Stream // requests that wait for a worker
	running     int     // handlers that run
	waking      bool    // a worker has been woken and has not looked at the queue yet

	parked []*worker // most recently parked last: its stack is warm
}

// worker is a goroutine that waits for requests.
type worker struct {
	wake chan bool // true: look at the queue; false: end
}

// maxParked bounds the workers that wait. More would only cost memory, which a
// client could make us keep with one burst of requests; the next burst starts them
// again.
const maxParked = 64

// dispatchLocked queues st for Server.Run. UnlockAndWake wakes a worker.
func (c *Conn) dispatchLocked(st *Stream) {
	w := &c.workers
	st.queued = true
	st.runPrev, st.runNext = w.last, nil
	if w.last == nil {
		w.first = st
	} else {
		w.last.runNext = st
	}
	w.last = st
}

// removeLocked takes st off the queue, if it is on it.
func (w *workers) removeLocked(st *Stream) {
	if !st.queued {
		return
	}
	st.queued = false
	if st.runPrev == nil {
		w.first = st.runNext
	} else {
		st.runPrev.runNext = st.runNext
	}
	if st.runNext == nil {
		w.last = st.runPrev
	} else {
		st.runNext.runPrev = st.runPrev
	}
	st.runPrev, st.runNext = nil, nil
}

// takeLocked takes the next request, if there is one and a handler may run.
func (c *Conn) takeLocked() *Stream {
	w := &c.workers
	st := w.first
	if st == nil || w.running >= c.opt.MaxHandlers || c.dead != nil {
		return nil
	}
	w.removeLocked(st)
	w.running++
	return st
}

// wakeWorkerLocked wakes or starts one worker if a request waits and no wake is
// under way: the one that comes wakes the next.
func (c *Conn) wakeWorkerLocked() {
	w := &c.workers
	if w.first == nil || w.waking || w.running >= c.opt.MaxHandlers {
		return
	}
	w.waking = true
	n := len(w.parked)
	if n == 0 {
		go c.work(&worker{wake: make(chan bool, 1)})
		return
	}
	k := w.parked[n-1]
	w.parked[n-1] = nil
	w.parked = w.parked[:n-1]
	k.wake <- true
}

// dismissWorkersLocked ends the workers that wait.
func (c *Conn) dismissWorkersLocked() {
	w := &c.workers
	for i, k := range w.parked {
		k.wake <- false
		w.parked[i] = nil
	}
	w.parked = w.parked[:0]
}

// work is a worker that has just been woken.
func (c *Conn) work(k *worker) {
	clearLabels() // labels of the goroutine that started this one, perhaps a handler's
	for {
		c.mu.Lock()
		c.workers.waking = false
		for st := c.takeLocked(); st != nil; st = c.takeLocked() {
			c.wakeWorkerLocked()
			c.Unlock()
			c.run(k, st)
			c.mu.Lock()
			c.workers.running--
			c.writeInlineLocked()
		}
		if c.dead != nil || len(c.workers.parked) >= maxParked {
			c.UnlockAndWake()
			return
		}
		c.workers.parked = append(c.workers.parked, k)
		c.sweepLaterLocked()
		c.UnlockAndWake()
		if !<-k.wake {
			return
		}
	}
}

// writeInlineLocked writes what a handler that has returned has queued, if the
// writer role is free and no other request waits: with one request at a time this
// saves waking the standby writer. Otherwise the standby writer writes it, together
// with what else has come by then. The connection is unlocked meanwhile.
func (c *Conn) writeInlineLocked() {
	if c.writing || c.dead != nil || !c.sess.Pending() {
		return
	}
	if c.workers.first != nil && c.workers.running < c.opt.MaxHandlers {
		c.wakeStandbyLocked(false)
		return
	}
	c.writing = true
	c.Unlock()
	c.write()
	c.mu.Lock()
}

// run runs one handler. If it ends the goroutine (runtime.Goexit), another worker
// takes over.
func (c *Conn) run(k *worker, st *Stream) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			panic(v) // a bug of ours: the server deals with its handlers' panics
		}
		c.mu.Lock()
		c.workers.running--
		c.workers.waking = true
		c.Unlock()
		go c.work(k)
	}()
	c.server.Run(st)
	returned = true
	clearLabels()
}

// clearLabels removes the labels that a handler gave to its goroutine: the next
// handler on it must not have them.
func clearLabels() { pprof.SetGoroutineLabels(context.Background()) }
