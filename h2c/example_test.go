package h2c_test

import (
	"fmt"
	"log"
	"net/http"

	"h2fork.example/net/h2c"
	"h2fork.example/net/http2"
)

func ExampleNewHandler() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello over", r.Proto)
	})
	srv := &http.Server{
		Addr: ":8080",
		// The limit is for requests over HTTP/1.1, and so for those that are kept in memory to be upgraded.
		Handler: http.MaxBytesHandler(h2c.NewHandler(hello, &http2.Server{}), 64<<10),
	}
	log.Fatal(srv.ListenAndServe())
}
