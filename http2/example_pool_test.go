package http2_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"

	"h2fork.example/net/http2"
)

// A fixedPool has one connection, made ahead, for whatever host is asked for.
type fixedPool struct {
	mu   sync.Mutex
	conn *http2.ClientConn // guarded by mu; nil once it is dead
}

func (p *fixedPool) GetClientConn(req *http.Request, addr string) (*http2.ClientConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// RoundTrip expects that a stream is reserved for its request.
	if p.conn == nil || !p.conn.ReserveNewRequest() {
		return nil, errors.New("the connection takes no more requests")
	}
	fmt.Println("a connection for", addr)
	return p.conn, nil
}

func (p *fixedPool) MarkDead(cc *http2.ClientConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn == cc {
		p.conn = nil
	}
}

// A Transport with a pool of the program's own neither dials nor keeps connections.
func ExampleClientConnPool() {
	client, server := net.Pipe()
	go new(http2.Server).ServeConn(server, &http2.ServeConnOpts{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, "hello from", r.Host)
		}),
	})
	pool := new(fixedPool)
	tr := &http2.Transport{ConnPool: pool}
	cc, err := tr.NewClientConn(client)
	if err != nil {
		log.Fatal(err)
	}
	defer cc.Close()
	pool.conn = cc

	for _, url := range []string{"https://example.com/", "https://example.net:8443/"} {
		res, err := (&http.Client{Transport: tr}).Get(url)
		if err != nil {
			log.Fatal(err)
		}
		io.Copy(os.Stdout, res.Body)
		res.Body.Close()
	}
	// Output:
	// a connection for example.com:443
	// hello from example.com
	// a connection for example.net:8443
	// hello from example.net:8443
}
