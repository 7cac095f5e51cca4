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
		// The limit is for the request of an upgrade, which is kept in memory.
		Handler: http.MaxBytesHandler(h2c.NewHandler(hello, &http2.Server{}), 64<<10),
	}
	log.Fatal(srv.ListenAndServe())
}
