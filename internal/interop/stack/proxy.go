package stack

import (
	"crypto/tls"
	"net/http/httputil"
	"net/url"
	"sync"
)

// ReverseProxy returns what a gateway in front of gRPC services is made of: a reverse proxy that flushes whenever it can,
// whose client is the stack's too. It asks for a Flush from a timer's goroutine as soon as the backend's fields are in, at
// the moment when the handler of a response without a body is about to return.
func (s Stack) ReverseProxy(backend *url.URL, buffers httputil.BufferPool) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(backend)
			r.SetXForwarded()
		},
		FlushInterval: -1,
		Transport:     s.backendTransport(backend),
		BufferPool:    buffers,
	}
}

// backendTransport speaks HTTP/2 to an https backend through TLS, to an http one with prior knowledge.
func (s Stack) backendTransport(backend *url.URL) Transport {
	if backend.Scheme == "https" {
		return s.Transport(&tls.Config{ServerName: backend.Hostname()})
	}
	return s.Transport(nil)
}

// proxyBuffer is the size of the buffers that a reverse proxy copies with where it has no BufferPool.
const proxyBuffer = 32 << 10

// Buffers is a BufferPool for reverse proxies. Without one they allocate a buffer for each response that has a body.
type Buffers struct{ pool sync.Pool }

// Get returns a buffer.
func (b *Buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, proxyBuffer)
}

// Put takes a buffer back.
func (b *Buffers) Put(p []byte) { b.pool.Put(&p) }
