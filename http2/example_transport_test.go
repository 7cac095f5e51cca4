package http2_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"h2fork.example/net/http2"
)

// A client that speaks HTTP/2 and nothing else.
func ExampleTransport() {
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello over", r.Proto)
	}))
	ts.EnableHTTP2 = true
	ts.StartTLS()
	defer ts.Close()

	tr := &http2.Transport{
		TLSClientConfig: ts.Client().Transport.(*http.Transport).TLSClientConfig, // trusts the server's certificate
		ReadIdleTimeout: 30 * time.Second,                                        // notice when the server is gone
	}
	defer tr.CloseIdleConnections()
	client := &http.Client{Transport: tr}
	res, err := client.Get(ts.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	io.Copy(os.Stdout, res.Body)
	// Output: hello over HTTP/2.0
}

// HTTP/2 without TLS, with a server that is known to speak it.
func ExampleTransport_unencrypted() {
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello over", r.Proto)
	}))
	ts.Config.Protocols = new(http.Protocols)
	ts.Config.Protocols.SetUnencryptedHTTP2(true)
	ts.Start()
	defer ts.Close()

	tr := &http2.Transport{
		AllowHTTP: true,
		DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}
	defer tr.CloseIdleConnections()
	client := &http.Client{Transport: tr}
	res, err := client.Get(ts.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	io.Copy(os.Stdout, res.Body)
	// Output: hello over HTTP/2.0
}

// A client that leaves it to the server which HTTP they speak.
func ExampleConfigureTransports() {
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello over", r.Proto)
	}))
	ts.EnableHTTP2 = true
	ts.StartTLS()
	defer ts.Close()

	t1 := &http.Transport{TLSClientConfig: ts.Client().Transport.(*http.Transport).TLSClientConfig.Clone()}
	t2, err := http2.ConfigureTransports(t1)
	if err != nil {
		log.Fatal(err)
	}
	t2.PingTimeout = 5 * time.Second // settings that http.Transport lacks
	defer t1.CloseIdleConnections()

	client := &http.Client{Transport: t1}
	res, err := client.Get(ts.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	io.Copy(os.Stdout, res.Body)

	_, err = http2.ConfigureTransports(t1)
	fmt.Println("a second time:", err)
	// Output:
	// hello over HTTP/2.0
	// a second time: protocol https already registered
}

// Request and response are streams of their own: here each line is answered before the next is written.
func ExampleTransport_bidirectional() {
	client, server := net.Pipe()
	go new(http2.Server).ServeConn(server, &http2.ServeConnOpts{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for lines := bufio.NewScanner(r.Body); lines.Scan(); {
				fmt.Fprintf(w, "%s yourself\n", lines.Text())
				w.(http.Flusher).Flush()
			}
		}),
	})
	cc, err := new(http2.Transport).NewClientConn(client)
	if err != nil {
		log.Fatal(err)
	}
	defer cc.Close()

	body, question := io.Pipe()
	req, err := http.NewRequest("POST", "https://example.com/", body)
	if err != nil {
		log.Fatal(err)
	}
	go fmt.Fprintln(question, "hello")
	res, err := cc.RoundTrip(req)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	answers := bufio.NewScanner(res.Body)
	for answers.Scan() {
		fmt.Println(answers.Text())
		if answers.Text() == "bye yourself" {
			question.Close()
			continue
		}
		fmt.Fprintln(question, "bye")
	}
	// Output:
	// hello yourself
	// bye yourself
}

// A request's trailers are declared with it, and take their values when its body has been read.
func ExampleTransport_requestTrailers() {
	client, server := net.Pipe()
	go new(http2.Server).ServeConn(server, &http2.ServeConnOpts{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, _ := io.Copy(io.Discard, r.Body)
			fmt.Fprintf(w, "%d bytes, %s rows", n, r.Trailer.Get("Rows"))
		}),
	})
	cc, err := new(http2.Transport).NewClientConn(client)
	if err != nil {
		log.Fatal(err)
	}
	defer cc.Close()

	body, table := io.Pipe()
	req, err := http.NewRequest("PUT", "https://example.com/table", body)
	if err != nil {
		log.Fatal(err)
	}
	req.Trailer = http.Header{"Rows": nil}
	go func() {
		rows := 0
		for ; rows < 3; rows++ {
			fmt.Fprintln(table, "row", rows)
		}
		req.Trailer.Set("Rows", fmt.Sprint(rows))
		table.Close()
	}()
	res, err := cc.RoundTrip(req)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	io.Copy(os.Stdout, res.Body)
	// Output: 18 bytes, 3 rows
}

// A connection of which the program takes care itself.
func ExampleClientConn() {
	client, server := net.Pipe()
	go new(http2.Server).ServeConn(server, &http2.ServeConnOpts{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, "you asked for", r.URL.Path)
		}),
	})
	cc, err := new(http2.Transport).NewClientConn(client)
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := cc.Ping(ctx); err != nil { // its answer comes after the server's SETTINGS
		log.Fatal(err)
	}
	fmt.Println("streams at a time:", cc.State().MaxConcurrentStreams)

	if !cc.ReserveNewRequest() {
		log.Fatal("the connection is of no use")
	}
	fmt.Println("reserved:", cc.State().StreamsReserved)
	req, err := http.NewRequestWithContext(ctx, "GET", "https://example.com/tea", nil)
	if err != nil {
		log.Fatal(err)
	}
	res, err := cc.RoundTrip(req)
	if err != nil {
		log.Fatal(err)
	}
	io.Copy(os.Stdout, res.Body)
	res.Body.Close()

	if err := cc.Shutdown(ctx); err != nil { // waits for requests under way
		log.Fatal(err)
	}
	fmt.Println("closed:", cc.State().Closed, "takes requests:", cc.CanTakeNewRequest())
	// Output:
	// streams at a time: 250
	// reserved: 1
	// you asked for /tea
	// closed: true takes requests: false
}

// A StreamError says with which code the server reset the stream.
func ExampleStreamError() {
	client, server := net.Pipe()
	go new(http2.Server).ServeConn(server, &http2.ServeConnOpts{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			panic(http.ErrAbortHandler)
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
	_, err = cc.RoundTrip(req)
	var streamErr http2.StreamError
	if errors.As(err, &streamErr) {
		fmt.Println("stream", streamErr.StreamID, streamErr.Code)
	}
	fmt.Println("the connection takes requests:", cc.CanTakeNewRequest())
	// Output:
	// stream 1 INTERNAL_ERROR
	// the connection takes requests: true
}

// A GoAwayError says why the server ended the connection, here one that is made of a Framer.
func ExampleGoAwayError() {
	client, server := net.Pipe()
	go func() {
		io.CopyN(io.Discard, server, int64(len(http2.ClientPreface)))
		fr := http2.NewFramer(server, server)
		fr.WriteSettings()
		for asked, acknowledged := false, false; !asked || !acknowledged; {
			f, err := fr.ReadFrame()
			if err != nil {
				return
			}
			switch f := f.(type) {
			case *http2.HeadersFrame:
				asked = true
			case *http2.SettingsFrame:
				acknowledged = acknowledged || f.IsAck()
			}
		}
		fr.WriteGoAway(1, http2.ErrCodeEnhanceYourCalm, []byte("the kettle is on"))
		server.Close()
	}()
	cc, err := new(http2.Transport).NewClientConn(client)
	if err != nil {
		log.Fatal(err)
	}
	defer cc.Close()

	req, err := http.NewRequest("GET", "https://example.com/tea", nil)
	if err != nil {
		log.Fatal(err)
	}
	_, err = cc.RoundTrip(req)
	var goAway http2.GoAwayError
	if errors.As(err, &goAway) {
		fmt.Printf("%v after stream %d: %s\n", goAway.ErrCode, goAway.LastStreamID, goAway.DebugData)
	}
	// Output: ENHANCE_YOUR_CALM after stream 1: the kettle is on
}
