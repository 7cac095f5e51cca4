package http2_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"expvar"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/http2"
)

// A server over TLS. (A program would rather have an http.Server and call its ListenAndServeTLS.)
func ExampleConfigureServer() {
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello over", r.Proto)
	}))
	if err := http2.ConfigureServer(ts.Config, &http2.Server{MaxConcurrentStreams: 100}); err != nil {
		log.Fatal(err)
	}
	ts.TLS = ts.Config.TLSConfig
	ts.StartTLS()
	defer ts.Close()

	client := ts.Client()
	if err := http2.ConfigureTransport(client.Transport.(*http.Transport)); err != nil {
		log.Fatal(err)
	}
	res, err := client.Get(ts.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	io.Copy(os.Stdout, res.Body)
	// Output: hello over HTTP/2.0
}

// Without TLS, net/http tells HTTP/1.1 and HTTP/2 with prior knowledge apart.
func ExampleConfigureServer_unencrypted() {
	srv := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, "hello over", r.Proto)
		}),
		Protocols: new(http.Protocols),
	}
	srv.Protocols.SetHTTP1(true)
	srv.Protocols.SetUnencryptedHTTP2(true)
	if err := http2.ConfigureServer(srv, nil); err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	go srv.Serve(l)
	defer srv.Close()

	var http1, h2c http.Protocols
	http1.SetHTTP1(true)
	h2c.SetUnencryptedHTTP2(true)
	for _, protocols := range []*http.Protocols{&http1, &h2c} {
		client := &http.Client{Transport: &http.Transport{Protocols: protocols}}
		res, err := client.Get("http://" + l.Addr().String())
		if err != nil {
			log.Fatal(err)
		}
		io.Copy(os.Stdout, res.Body)
		res.Body.Close()
	}
	// Output:
	// hello over HTTP/1.1
	// hello over HTTP/2.0
}

// A connection that the program has accepted itself, here one in memory.
func ExampleServer_ServeConn() {
	client, server := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		srv := &http2.Server{IdleTimeout: time.Minute}
		srv.ServeConn(server, &http2.ServeConnOpts{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, "%s, is that you?\n", r.Host)
			}),
		})
	}()

	cc, err := new(http2.Transport).NewClientConn(client)
	if err != nil {
		log.Fatal(err)
	}
	req, err := http.NewRequest("GET", "https://example.com/", nil)
	if err != nil {
		log.Fatal(err)
	}
	res, err := cc.RoundTrip(req)
	if err != nil {
		log.Fatal(err)
	}
	io.Copy(os.Stdout, res.Body)
	res.Body.Close()
	cc.Close()
	<-served
	// Output: example.com, is that you?
}

// Trailers are declared ahead, or, if their names are not known by then, marked with http.TrailerPrefix.
func Example_trailers() {
	handler := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Content-Digest")
		digest := sha256.New()
		fmt.Fprintln(io.MultiWriter(w, digest), "a long story")
		w.Header().Set("Content-Digest", fmt.Sprintf("%x", digest.Sum(nil)[:4]))
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
	}
	client, server := net.Pipe()
	go new(http2.Server).ServeConn(server, &http2.ServeConnOpts{Handler: http.HandlerFunc(handler)})
	cc, err := new(http2.Transport).NewClientConn(client)
	if err != nil {
		log.Fatal(err)
	}
	defer cc.Close()

	req, err := http.NewRequest("GET", "https://example.com/", nil)
	if err != nil {
		log.Fatal(err)
	}
	res, err := cc.RoundTrip(req)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	fmt.Println("announced:", res.Trailer)
	io.Copy(os.Stdout, res.Body)
	fmt.Println("after the body:", res.Trailer) // they come with its end
	// Output:
	// announced: map[Content-Digest:[]]
	// a long story
	// after the body: map[Content-Digest:[d159a85c] Grpc-Status:[0]]
}

// A gRPC error without a message is a single HEADERS frame, also if a proxy has flushed its response.
func Example_trailersOnly() {
	handler := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Grpc-Status", "5")
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
	}
	client, server := net.Pipe()
	defer client.Close()
	go new(http2.Server).ServeConn(server, &http2.ServeConnOpts{Handler: http.HandlerFunc(handler)})

	var request bytes.Buffer
	enc := hpack.NewEncoder(&request)
	for _, f := range []hpack.HeaderField{
		{Name: ":method", Value: "POST"},
		{Name: ":scheme", Value: "http"},
		{Name: ":authority", Value: "example.com"},
		{Name: ":path", Value: "/greeter/hello"},
	} {
		enc.WriteField(f)
	}
	io.WriteString(client, http2.ClientPreface)
	fr := http2.NewFramer(client, client)
	if err := errors.Join(
		fr.WriteSettings(),
		fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: request.Bytes(), EndHeaders: true, EndStream: true}),
	); err != nil {
		log.Fatal(err)
	}

	for {
		f, err := fr.ReadFrame()
		if err != nil {
			log.Fatal(err)
		}
		if fh := f.Header(); fh.StreamID == 1 {
			fmt.Println(fh.Type, "ends the stream:", fh.Flags.Has(http2.FlagHeadersEndStream))
			return
		}
	}
	// Output: HEADERS ends the stream: true
}

// The handler of a page promises what the page will need. Most clients don't want that: an error from Push is
// nothing to worry about.
func ExampleServer_push() {
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/style.css" {
			fmt.Fprint(w, "body { color: green }")
			return
		}
		if pusher, ok := w.(http.Pusher); ok {
			if err := pusher.Push("/style.css", nil); err != nil {
				fmt.Println("not pushed:", err)
			}
		}
		fmt.Fprint(w, "<link rel=stylesheet href=/style.css>")
	}
	client, server := net.Pipe()
	defer client.Close()
	go new(http2.Server).ServeConn(server, &http2.ServeConnOpts{Handler: http.HandlerFunc(handler)})

	var request bytes.Buffer
	enc := hpack.NewEncoder(&request)
	for _, f := range []hpack.HeaderField{
		{Name: ":method", Value: "GET"},
		{Name: ":scheme", Value: "https"},
		{Name: ":authority", Value: "example.com"},
		{Name: ":path", Value: "/"},
	} {
		enc.WriteField(f)
	}
	io.WriteString(client, http2.ClientPreface)
	fr := http2.NewFramer(client, client)
	if err := errors.Join(
		fr.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 1}),
		fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: request.Bytes(), EndHeaders: true, EndStream: true}),
	); err != nil {
		log.Fatal(err)
	}

	bodies := map[uint32]string{}
	for ended := 0; ended < 2; {
		f, err := fr.ReadFrame()
		if err != nil {
			log.Fatal(err)
		}
		switch f := f.(type) {
		case *http2.PushPromiseFrame:
			fmt.Println("stream", f.StreamID, "promises stream", f.PromiseID)
		case *http2.DataFrame:
			bodies[f.StreamID] += string(f.Data())
			if f.StreamEnded() {
				ended++
			}
		}
	}
	fmt.Println(bodies[1])
	fmt.Println(bodies[2])
	// Output:
	// stream 1 promises stream 2
	// <link rel=stylesheet href=/style.css>
	// body { color: green }
}

// Deadlines are a stream's own: other requests on the connection do not notice.
func Example_deadlines() {
	handler := func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if err := errors.Join(
			rc.SetReadDeadline(time.Now().Add(10*time.Millisecond)),
			rc.SetWriteDeadline(time.Now().Add(time.Minute)),
		); err != nil {
			log.Fatal(err)
		}
		if _, err := io.ReadAll(r.Body); errors.Is(err, os.ErrDeadlineExceeded) {
			http.Error(w, "your body took too long", http.StatusRequestTimeout)
		}
	}
	client, server := net.Pipe()
	go new(http2.Server).ServeConn(server, &http2.ServeConnOpts{Handler: http.HandlerFunc(handler)})
	cc, err := new(http2.Transport).NewClientConn(client)
	if err != nil {
		log.Fatal(err)
	}
	defer cc.Close()

	body, neverWritten := io.Pipe()
	defer neverWritten.Close()
	req, err := http.NewRequest("POST", "https://example.com/", body)
	if err != nil {
		log.Fatal(err)
	}
	res, err := cc.RoundTrip(req)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	fmt.Println(res.Status)
	io.Copy(os.Stdout, res.Body)
	// Output:
	// 408 Request Timeout
	// your body took too long
}

// CountError turns errors into metrics.
func ExampleServer_countError() {
	metrics := new(expvar.Map)
	client, server := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		srv := &http2.Server{
			CountError: func(errType string) { metrics.Add(errType, 1) },
		}
		srv.ServeConn(server, &http2.ServeConnOpts{
			BaseConfig: &http.Server{ErrorLog: log.New(io.Discard, "", 0)},
		})
	}()

	io.WriteString(client, http2.ClientPreface)
	fr := http2.NewFramer(client, client)
	if err := errors.Join(
		fr.WriteSettings(),
		fr.WriteWindowUpdate(7, 1), // there is no stream 7 yet
	); err != nil {
		log.Fatal(err)
	}
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			log.Fatal(err)
		}
		if f, ok := f.(*http2.GoAwayFrame); ok {
			fmt.Printf("%v: %s\n", f.ErrCode, f.DebugData())
			break
		}
	}
	client.Close()
	<-served
	fmt.Println(metrics)
	// Output:
	// PROTOCOL_ERROR: WINDOW_UPDATE on idle stream 7
	// {"conn_PROTOCOL_ERROR_stream_idle": 1}
}

// With this scheduler, a server follows the dependencies and weights of RFC 7540 §5.3.
func ExampleNewPriorityWriteScheduler() {
	srv := &http2.Server{
		NewWriteScheduler: func() http2.WriteScheduler {
			return http2.NewPriorityWriteScheduler(&http2.PriorityWriteSchedulerConfig{
				MaxClosedNodesInTree:     10,
				MaxIdleNodesInTree:       10,
				ThrottleOutOfOrderWrites: true,
			})
		},
	}
	client, server := net.Pipe()
	go srv.ServeConn(server, &http2.ServeConnOpts{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, "served in turn")
		}),
	})

	cc, err := new(http2.Transport).NewClientConn(client)
	if err != nil {
		log.Fatal(err)
	}
	defer cc.Close()
	req, err := http.NewRequest("GET", "https://example.com/", nil)
	if err != nil {
		log.Fatal(err)
	}
	res, err := cc.RoundTrip(req)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	io.Copy(os.Stdout, res.Body)
	// Output: served in turn
}
