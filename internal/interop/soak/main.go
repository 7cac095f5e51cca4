// Command soak lets real clients make mixed traffic for a long time against this module's server, in a process of its
// own, through TLS and without: gRPC, uploads, downloads, slow readers, calls that are given up, connections that come
// and go. It tells what was done and what the server held. It exits with status 1 if memory grew, or if something
// failed that no client had asked to fail.
//
//	go run -C internal/interop ./soak -for 10m
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if isChild() {
		fail(serveChild())
		return
	}
	duration := flag.Duration("for", 10*time.Minute, "how long to soak")
	every := flag.Duration("every", time.Minute, "how often to pause and look at the server's memory, ten times at least")
	flag.Parse()
	r, err := soak(*duration, min(*every, *duration/minSamples), os.Stderr)
	fail(err)
	fmt.Println(r.render())
	fail(r.verdict())
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}
