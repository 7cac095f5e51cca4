// Pool is a client with a connection pool of its own: one connection a host, made when it is asked for.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

type pool struct {
	tr    *http2.Transport
	mu    sync.Mutex
	conns map[string]*http2.ClientConn // guarded by mu
}

var _ http2.ClientConnPool = (*pool)(nil)

func (p *pool) GetClientConn(req *http.Request, addr string) (*http2.ClientConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cc := p.conns[addr]; cc != nil && cc.ReserveNewRequest() {
		return cc, nil
	}
	if req.Header.Get("Dial") == "no" {
		return nil, http2.ErrNoCachedConn
	}
	cc, err := p.tr.NewClientConn(serve(addr))
	if err != nil {
		return nil, err
	}
	cc.ReserveNewRequest()
	p.conns[addr] = cc
	return cc, nil
}

func (p *pool) MarkDead(dead *http2.ClientConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for addr, cc := range p.conns {
		if cc == dead {
			delete(p.conns, addr)
		}
	}
}

// serve returns a connection to a server for addr.
func serve(addr string) net.Conn {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		log.Fatal(err)
	}
	go new(http2.Server).ServeConn(accepted, &http2.ServeConnOpts{
		Context: context.Background(),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, addr, " is here")
		}),
	})
	return c
}

func main() {
	tr := new(http2.Transport)
	conns := &pool{tr: tr, conns: make(map[string]*http2.ClientConn)}
	tr.ConnPool = conns

	get(tr, "https://example.com/", http.Header{"Dial": {"no"}})
	for _, url := range []string{"https://example.com/", "https://example.net:8443/", "https://example.com/again"} {
		get(tr, url, http.Header{})
	}
	get(tr, "https://example.com/", http.Header{"Dial": {"no"}})

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cc := conns.conns["example.com:443"]
	fmt.Println(cc.Ping(ctx), cc.State().StreamsActive, cc.State().Closing)
	cc.SetDoNotReuse()
	fmt.Println(cc.CanTakeNewRequest(), cc.State().Closing, cc.Shutdown(ctx))
	get(tr, "https://example.com/", http.Header{"Dial": {"no"}})
	fmt.Println(conns.conns["example.net:8443"].Close())
}

func get(tr *http2.Transport, url string, header http.Header) {
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		log.Fatal(err)
	}
	req.Header = header
	res, err := tr.RoundTripOpt(req, http2.RoundTripOpt{OnlyCachedConn: true})
	if errors.Is(err, http2.ErrNoCachedConn) {
		fmt.Println(url, "is not connected")
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	fmt.Printf("%s %q %v\n", res.Status, body, err)
}
