package http2

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"h2fork.example/net/internal/h2test"
)

// A proxied makes requests through a server of ours that sends them on with a Transport of ours. What has come of a
// request when it is sent on depends on the pauses in its body.
type proxied struct {
	in, out  *Transport
	trailers bool // a request's are sent on
}

// beforeProxy is how long the proxy waits before it sends a request on. All of a body without pauses has come then.
const beforeProxy = time.Millisecond

func newProxied(s *tryServer, proxy func(http.RoundTripper) http.HandlerFunc, trailers bool) *proxied {
	p := &proxied{new(Transport), &Transport{DialTLSContext: s.dial}, trailers}
	handler := proxy(p.out)
	p.in.DialTLSContext = func(context.Context, string, string, *tls.Config) (net.Conn, error) {
		client, server := h2test.Pipe()
		go new(Server).ServeConn(server, &ServeConnOpts{
			BaseConfig: &http.Server{ErrorLog: log.New(io.Discard, "", 0)},
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(beforeProxy)
				handler(w, r)
			}),
		})
		return client, nil
	}
	return p
}

// simplify leaves out of a case what does not get through the proxy.
func (p *proxied) simplify(r *replayCase) {
	r.getBody = false
	r.trailer = r.trailer && p.trailers
}

func (p *proxied) RoundTrip(req *http.Request) (*http.Response, error) { return p.in.RoundTrip(req) }

func (p *proxied) CloseIdleConnections() {
	p.in.CloseIdleConnections()
	p.out.CloseIdleConnections()
}

var proxiedTo = &url.URL{Scheme: "https", Host: "backend.example"}

func reverseProxy(rt http.RoundTripper) http.HandlerFunc {
	return (&httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(proxiedTo) },
		Transport:     rt,
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
	}).ServeHTTP
}

// passesOn is a proxy that gives the Transport the Body as it has it.
func passesOn(rt http.RoundTripper) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.URL.Scheme, out.URL.Host, out.RequestURI = proxiedTo.Scheme, proxiedTo.Host, ""
		out.Trailer = r.Trailer // which has its values once the body has been read
		if r.ContentLength == 0 {
			out.Body = nil
		}
		res, err := rt.RoundTrip(out)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer res.Body.Close()
		maps.Copy(w.Header(), res.Header)
		w.WriteHeader(res.StatusCode)
		io.Copy(w, res.Body)
	}
}
