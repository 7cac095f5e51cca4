// H2cproxy is a reverse proxy without TLS, as between a load balancer and a gRPC backend, with the backend and a
// client of its own.
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
	"net/http/httputil"
	"net/url"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
)

// serve serves handler over HTTP/1.1 and HTTP/2.
func serve(handler http.Handler) *httptest.Server {
	return httptest.NewServer(h2c.NewHandler(handler, &http2.Server{MaxConcurrentStreams: 1000}))
}

// transport speaks HTTP/2 with servers that are known to do so too.
func transport() *http2.Transport {
	return &http2.Transport{
		AllowHTTP: true,
		DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
		DisableCompression: true,
		MaxHeaderListSize:  1 << 20,
	}
}

func greet(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status")
	n, err := io.Copy(w, r.Body)
	if err != nil || n == 0 {
		w.Header().Set("Grpc-Status", "3")
		return
	}
	w.Header().Set("Grpc-Status", "0")
}

func main() {
	backend := serve(http.HandlerFunc(greet))
	defer backend.Close()
	target, err := url.Parse(backend.URL)
	if err != nil {
		log.Fatal(err)
	}
	back := transport()
	defer back.CloseIdleConnections()
	proxy := serve(&httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     back,
		FlushInterval: -1,
	})
	defer proxy.Close()

	front := transport()
	defer front.CloseIdleConnections()
	clients := []*http.Client{{Transport: front}, http.DefaultClient}
	for _, client := range clients {
		res, err := client.Post(proxy.URL, "application/grpc", strings.NewReader("hello"))
		if err != nil {
			log.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		fmt.Printf("%s %s %q %v %v\n", res.Proto, res.Status, body, res.Trailer, err)
	}
}
