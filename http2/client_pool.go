package http2

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
)

// ClientConnPool keeps a Transport's connections.
type ClientConnPool interface {
	// GetClientConn returns a connection for a request to addr, a host and port. The
	// connection has a stream reserved for the request, which RoundTrip takes. A
	// caller that does not want it releases it by calling RoundTrip with a request
	// that cannot be sent, such as new(http.Request).
	GetClientConn(req *http.Request, addr string) (*ClientConn, error)

	// MarkDead says that a connection takes no more requests.
	MarkDead(*ClientConn)
}

// ErrNoCachedConn says that a pool which does not dial has no connection.
var ErrNoCachedConn error = noCachedConn{}

// noCachedConn is recognised by net/http by its method.
type noCachedConn struct{}

func (noCachedConn) Error() string             { return "http2: no cached connection was available" }
func (noCachedConn) IsHTTP2NoCachedConnError() {}

func isNoCachedConn(err error) bool {
	_, ok := err.(interface{ IsHTTP2NoCachedConnError() })
	return ok
}

// clientConnPool is the pool that a Transport has unless it is given one. Requests
// to the same address share a connection while its server takes more streams.
type clientConnPool struct {
	t      *Transport
	noDial bool // connections come from net/http

	mu    sync.Mutex
	hosts map[string]*pooledHost // guarded by mu
}

// pooledHost is what the pool has for an address. Guarded by the pool's mutex.
type pooledHost struct {
	conns []*ClientConn
	dial  *sharedDial // under way, or nil
}

func newClientConnPool(t *Transport) *clientConnPool {
	return &clientConnPool{t: t, hosts: make(map[string]*pooledHost)}
}

// GetClientConn implements ClientConnPool.
func (p *clientConnPool) GetClientConn(req *http.Request, addr string) (*ClientConn, error) {
	if wantsClose(req) && !p.noDial {
		traceGetConn(req, addr)
		return p.t.dial(req.Context(), addr, true)
	}
	for traced := false; ; {
		p.mu.Lock()
		if cc := p.reserveLocked(addr); cc != nil {
			p.mu.Unlock()
			if !traced && !cc.fromNetHTTP.Swap(false) {
				traceGetConn(req, addr)
			}
			return cc, nil
		}
		if p.noDial {
			p.mu.Unlock()
			return nil, ErrNoCachedConn
		}
		d := p.joinLocked(req, addr)
		p.mu.Unlock()
		if !traced {
			traceGetConn(req, addr)
			traced = true
		}
		if err := p.wait(req, d); err != nil {
			return nil, err
		}
		if d.cc.reserveDialled() {
			return d.cc, nil
		}
	}
}

// reserveLocked returns a connection to addr that takes one more request, with a
// stream reserved for it.
func (p *clientConnPool) reserveLocked(addr string) *ClientConn {
	h := p.hosts[addr]
	if h == nil {
		return nil
	}
	for _, cc := range h.conns {
		if cc.ReserveNewRequest() {
			return cc
		}
	}
	return nil
}

// sharedDial is a dial that several requests wait for. It does not end with the
// request that started it: it goes on until it is done, or no request waits any
// more.
type sharedDial struct {
	cancel  context.CancelFunc
	done    chan struct{} // closed when err is set, or the connection is in the pool
	cc      *ClientConn
	err     error
	waiters int // guarded by the pool's mutex
}

// joinLocked returns the dial to addr that is under way, or starts one. The caller
// is counted as waiting for it.
func (p *clientConnPool) joinLocked(req *http.Request, addr string) *sharedDial {
	h := p.hostLocked(addr)
	if h.dial == nil {
		ctx, cancel := context.WithCancel(context.WithoutCancel(req.Context()))
		h.dial = &sharedDial{cancel: cancel, done: make(chan struct{})}
		go p.dial(ctx, addr, h.dial)
	}
	h.dial.waiters++
	return h.dial
}

func (p *clientConnPool) hostLocked(addr string) *pooledHost {
	h := p.hosts[addr]
	if h == nil {
		h = new(pooledHost)
		p.hosts[addr] = h
	}
	return h
}

// dial dials for d.
func (p *clientConnPool) dial(ctx context.Context, addr string, d *sharedDial) {
	defer d.cancel()
	cc, err := p.t.dial(ctx, addr, false)
	p.mu.Lock()
	h := p.hostLocked(addr)
	if h.dial == d {
		h.dial = nil
	}
	d.cc, d.err = cc, err
	if err == nil {
		h.conns = append(h.conns, cc)
	}
	p.forgetIfEmptyLocked(addr)
	p.mu.Unlock()
	close(d.done)
}

// wait waits for d, or until req is cancelled. The last request to give up ends the
// dial.
func (p *clientConnPool) wait(req *http.Request, d *sharedDial) error {
	var err error
	select {
	case <-d.done:
		return d.err
	case <-req.Context().Done():
		err = req.Context().Err()
	case <-canceled(req):
		err = errRequestCanceled
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	d.waiters--
	if d.waiters == 0 {
		d.cancel()
		for addr, h := range p.hosts {
			if h.dial == d { // no request may join a dial that was given up
				h.dial = nil
				p.forgetIfEmptyLocked(addr)
			}
		}
	}
	return err
}

// MarkDead implements ClientConnPool.
func (p *clientConnPool) MarkDead(cc *ClientConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for addr, h := range p.hosts {
		h.conns = slices.DeleteFunc(h.conns, func(x *ClientConn) bool { return x == cc })
		p.forgetIfEmptyLocked(addr)
	}
}

// forgetIfEmptyLocked keeps addresses that were used once from piling up.
func (p *clientConnPool) forgetIfEmptyLocked(addr string) {
	if h := p.hosts[addr]; h != nil && len(h.conns) == 0 && h.dial == nil {
		delete(p.hosts, addr)
	}
}

// offer puts a connection that net/http dialled into the pool, unless the pool has
// one to addr already that takes requests.
func (p *clientConnPool) offer(addr string, c net.Conn) (taken bool, err error) {
	if p.takesRequests(addr) {
		return false, nil
	}
	if err := p.t.shakeHands(c); err != nil {
		return false, err
	}
	cc, err := p.t.NewClientConn(c) // not with the pool locked: it writes
	if err != nil {
		return false, err
	}
	cc.fromNetHTTP.Store(true)
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hostLocked(addr)
	if slices.ContainsFunc(h.conns, (*ClientConn).CanTakeNewRequest) {
		go cc.Close() // another request's connection came first
		return false, nil
	}
	h.conns = append(h.conns, cc)
	return true, nil
}

// takesRequests reports whether the pool has a connection to addr that takes
// requests.
func (p *clientConnPool) takesRequests(addr string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hosts[addr]
	return h != nil && slices.ContainsFunc(h.conns, (*ClientConn).CanTakeNewRequest)
}

// closeIdle closes the connections that no request is using.
func (p *clientConnPool) closeIdle() {
	p.mu.Lock()
	var all []*ClientConn
	for _, h := range p.hosts {
		all = append(all, h.conns...)
	}
	p.mu.Unlock()
	for _, cc := range all {
		cc.closeIfIdle()
	}
}
