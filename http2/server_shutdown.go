package http2

import (
	"net/http"
	"runtime"
	"sync"
	"weak"
)

// connSet is the connections that a shutdown of one http.Server ends.
type connSet struct {
	mu    sync.Mutex
	conns map[*serverConn]struct{} // guarded by mu
	shut  bool                     // guarded by mu: shutdown has been called
}

func (cs *connSet) add(sc *serverConn) {
	cs.mu.Lock()
	cs.conns[sc] = struct{}{}
	shut := cs.shut
	cs.mu.Unlock()
	if shut {
		sc.drain()
	}
}

func (cs *connSet) remove(sc *serverConn) {
	cs.mu.Lock()
	delete(cs.conns, sc)
	cs.mu.Unlock()
}

// shutdown sends GOAWAY on every connection.
func (cs *connSet) shutdown() {
	cs.mu.Lock()
	cs.shut = true
	all := make([]*serverConn, 0, len(cs.conns))
	for sc := range cs.conns {
		all = append(all, sc)
	}
	cs.mu.Unlock()
	for _, sc := range all {
		sc.drain()
	}
}

// connSets has the set of every http.Server that has one. RegisterOnShutdown cannot
// be undone, so it is called once for each server. The keys are weak pointers, so
// that servers can still be collected.
var connSets struct {
	sync.Mutex
	m map[weak.Pointer[http.Server]]*connSet
}

// connsOf returns the set of connections that a shutdown of hs ends. The set
// belongs to the http.Server and not to a Server, so that connections served
// without ConfigureServer are in it too (golang/go#26682).
func connsOf(hs *http.Server) *connSet {
	key := weak.Make(hs)
	connSets.Lock()
	defer connSets.Unlock()
	if cs := connSets.m[key]; cs != nil {
		return cs
	}
	if connSets.m == nil {
		connSets.m = make(map[weak.Pointer[http.Server]]*connSet)
	}
	cs := &connSet{conns: make(map[*serverConn]struct{})}
	connSets.m[key] = cs
	hs.RegisterOnShutdown(cs.shutdown)
	runtime.AddCleanup(hs, forgetConnSet, key)
	return cs
}

func forgetConnSet(key weak.Pointer[http.Server]) {
	connSets.Lock()
	delete(connSets.m, key)
	connSets.Unlock()
}
