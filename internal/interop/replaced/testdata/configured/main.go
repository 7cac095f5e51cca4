// Configured has golang.org/x/net/http2 serve and ask, in each of the ways that programs do, and tells whose HTTP/2 did.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
)

func whose() string {
	stack := make([]byte, 1<<16)
	if strings.Contains(string(stack[:runtime.Stack(stack, false)]), "h2fork_") {
		return "h2fork"
	}
	return "another"
}

var handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	io.WriteString(w, whose())
})

func main() {
	s := httptest.NewUnstartedServer(handler)
	must(http2.ConfigureServer(s.Config, nil))
	s.TLS = s.Config.TLSConfig
	s.StartTLS()
	roots := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs

	configured := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	must(http2.ConfigureTransport(configured))
	ask("ConfigureServer", "ConfigureTransport", configured, s.URL)
	ask("ConfigureServer", "Transport", &http2.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}, s.URL)

	c := httptest.NewServer(h2c.NewHandler(handler, &http2.Server{}))
	plain := &http2.Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	ask("h2c.NewHandler", "Transport without TLS", plain, c.URL)
	ask("ServeConn", "NewClientConn", alone(), "http://localhost")
}

// alone is a ClientConn, and a Server that is given a connection.
func alone() http.RoundTripper {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go func() {
		c, err := ln.Accept()
		must(err)
		new(http2.Server).ServeConn(c, &http2.ServeConnOpts{Handler: handler})
	}()
	c, err := net.Dial("tcp", ln.Addr().String())
	must(err)
	cc, err := (&http2.Transport{AllowHTTP: true}).NewClientConn(c)
	must(err)
	return cc
}

// ask sends a request whose body tells who reads it.
func ask(server, client string, rt http.RoundTripper, url string) {
	asked := make(reader, 1)
	req, err := http.NewRequest("POST", url, asked)
	must(err)
	resp, err := rt.RoundTrip(req)
	must(err)
	served, err := io.ReadAll(resp.Body)
	must(err)
	fmt.Printf("%s: %s; %s: %s; %s\n", server, served, client, <-asked, resp.Proto)
}

type reader chan string

func (r reader) Read([]byte) (int, error) {
	r <- whose()
	return 0, io.EOF
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
