package session

import (
	"fmt"

	"h2fork.example/net/internal/sched"
)

// check fails the test if the session's books do not balance.
func (e *endpoint) check() {
	e.t.Helper()
	for _, err := range []error{e.checkReceived(), e.checkGrowth(), e.checkStreams(), e.checkOutput()} {
		if err != nil {
			e.t.Fatal(err)
		}
	}
}

// checkReceived: whatever was received is either unread, or credit, or window
// again (RFC 9113 §6.9): never lost, never twice.
func (e *endpoint) checkReceived() error {
	unread := int64(0)
	for _, st := range e.all {
		if st.unread < 0 {
			return fmt.Errorf("stream %d: more was consumed than received: %d", st.id, st.unread)
		}
		unread += int64(st.unread)
		if st.Closed() || st.id == 0 || st.gotEnd {
			continue // the peer sends no more: its window is of no interest
		}
		w := &st.recv
		if got := int64(w.avail) + int64(w.credit) + int64(st.unread) + int64(st.discarded); got != int64(w.size) {
			return fmt.Errorf("stream %d: window %d + credit %d + unread %d + discarded %d is not %d", st.id, w.avail, w.credit, st.unread, st.discarded, w.size)
		}
	}
	w := &e.Session.recv
	if got := int64(w.avail) + int64(w.credit) + unread; got != int64(w.size) {
		return fmt.Errorf("connection: window %d + credit %d + unread %d is not %d", w.avail, w.credit, unread, w.size)
	}
	return nil
}

// checkGrowth: windows are larger than they began by what is counted, and within their
// bounds.
func (e *endpoint) checkGrowth() error {
	conf, g := &e.cfg.Growth, &e.Session.growth
	grown, taken := int64(0), int64(0)
	if conf.MaxStream > 0 {
		for _, st := range e.all {
			if st.recv.size == 0 {
				continue // never opened
			}
			if more := st.recv.size - e.cfg.InitialWindow; more < 0 || st.recv.size > max(conf.MaxStream, e.cfg.InitialWindow) {
				return fmt.Errorf("stream %d: the window is %d", st.id, st.recv.size)
			}
			grown += int64(st.recv.size - e.cfg.InitialWindow)
			taken += int64(e.billed(st.recv.size))
		}
	}
	taken += int64(e.Session.recv.size - e.cfg.ConnWindow)
	if !g.ended && (grown != g.grown || taken != g.charged || conf.Budget != nil && conf.Budget.Used() != taken) {
		return fmt.Errorf("windows have grown by %d and %d are the budget's, counted as %d and %d", grown, taken, g.grown, g.charged)
	}
	if grown > int64(g.target) || e.Session.recv.size > g.target+conf.Unread || g.target > max(conf.MaxConn, e.cfg.ConnWindow) {
		return fmt.Errorf("streams have grown by %d, the connection's window is %d, target %d", grown, e.Session.recv.size, g.target)
	}
	return nil
}

// checkStreams: streams are counted once, and have the windows that the peer
// thinks they have.
func (e *endpoint) checkStreams() error {
	var ours, theirs uint32
	receiving := 0
	for id, st := range e.streams {
		if st.id != id || st.Closed() || st.state == StateIdle {
			return fmt.Errorf("stream %d is listed as %d and %v", st.id, id, st.state)
		}
		if e.peerInitiated(id) {
			theirs++
		} else {
			ours++
		}
		if !st.gotEnd {
			receiving++
		}
		if view := e.peer.stream(id); !e.control.goAway.fatal() && e.streamWindow(st) != e.peer.initial+view.window {
			return fmt.Errorf("stream %d: window %d, but the peer has %d", id, e.streamWindow(st), e.peer.initial+view.window)
		}
		if st.sentWindow > e.send.maxSent {
			return fmt.Errorf("stream %d: maxSent is %d, and a window %d", id, e.send.maxSent, st.sentWindow)
		}
	}
	if receiving != e.receiving {
		return fmt.Errorf("content may come on %d streams, %d counted", receiving, e.receiving)
	}
	if ours != e.localOpen || theirs != e.peerOpen {
		return fmt.Errorf("%d and %d streams are open, %d and %d counted", ours, theirs, e.localOpen, e.peerOpen)
	}
	if theirs > e.cfg.MaxConcurrentStreams {
		return fmt.Errorf("the peer has %d streams open", theirs)
	}
	return nil
}

// checkOutput: queues are what their counters say, and whoever can send is
// either the policy's or waits for a window.
func (e *endpoint) checkOutput() error {
	ready, blocked := 0, 0
	for _, st := range e.streams {
		items, memory, lent := 0, 0, 0
		for it := st.q.first(); it != nil; it = it.next {
			items++
			memory += it.measure()
			if it.lent() {
				lent++
			}
		}
		if items != st.q.len() || memory != st.q.memory || lent != int(st.lentQueued) {
			return fmt.Errorf("stream %d: %d items, %d of them lent, %d bytes of memory, counted as %d, %d and %d",
				st.id, items, lent, memory, st.q.len(), st.lentQueued, st.q.memory)
		}
		switch {
		case st.blocked != notBlocked:
			blocked++
		case st.sendable():
			ready++
		}
	}
	if got := e.send.connBlocked.len() + e.send.streamBlocked.len(); got != blocked {
		return fmt.Errorf("%d streams wait for a window, %d are listed", blocked, got)
	}
	if e.cfg.Policy != nil && e.cfg.Policy.Ready() != ready {
		return fmt.Errorf("%d streams can send, the policy has %d", ready, e.cfg.Policy.Ready())
	}
	return e.checkFreeLists()
}

// checkFreeLists: what is free is empty, is there once, and is not much.
func (e *endpoint) checkFreeLists() error {
	seen, lists := make(map[any]bool), e.lists()
	for _, it := range lists.items.free {
		if it.sec != nil || it.data != nil || it.buf != nil || it.promise != nil || it.next != nil || seen[it] {
			return fmt.Errorf("a free item is %+v, seen before: %t", it, seen[it])
		}
		seen[it] = true
	}
	for _, n := range lists.nodes.free {
		if *n != (sched.Node{}) || seen[n] {
			return fmt.Errorf("a free node is %+v, seen before: %t", n, seen[n])
		}
		seen[n] = true
	}
	for _, st := range e.streams {
		if seen[st.node] {
			return fmt.Errorf("stream %d has a node that is free", st.id)
		}
		for it := st.q.first(); it != nil; it = it.next {
			if seen[it] {
				return fmt.Errorf("stream %d has an item that is free", st.id)
			}
		}
	}
	if len(lists.items.free) > maxFree || len(lists.nodes.free) > maxFree {
		return fmt.Errorf("%d items and %d nodes are free", len(lists.items.free), len(lists.nodes.free))
	}
	return nil
}
