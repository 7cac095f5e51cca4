// App serves HTTP/2 with nothing but net/http, over TLS and without, asks itself, and tells whose HTTP/2 served and asked.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
)

// frames have the name of their package's file in Go's own HTTP/2 too: what is ours begins with h2fork_.
func whose() string {
	stack := make([]byte, 1<<16)
	if strings.Contains(string(stack[:runtime.Stack(stack, false)]), "h2fork_") {
		return "h2fork"
	}
	return "net/http"
}

func main() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "server "+whose()+", "+r.Proto)
	})
	s := httptest.NewUnstartedServer(handler)
	s.EnableHTTP2 = true
	s.StartTLS()
	ask("TLS", s.Client(), s.URL)

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	plain := new(http.Protocols)
	plain.SetUnencryptedHTTP2(true)
	go (&http.Server{Handler: handler, Protocols: plain}).Serve(ln)
	ask("h2c", &http.Client{Transport: &http.Transport{Protocols: plain}}, "http://"+ln.Addr().String())
}

// ask sends a request whose body tells who reads it.
func ask(name string, c *http.Client, url string) {
	client := make(reader, 1)
	resp, err := c.Post(url, "text/plain", client)
	if err != nil {
		log.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s; client %s, %s\n", name, body, <-client, resp.Proto)
}

type reader chan string

func (r reader) Read([]byte) (int, error) {
	r <- whose()
	return 0, io.EOF
}
