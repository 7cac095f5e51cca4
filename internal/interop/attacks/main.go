// Command attacks runs attacks on HTTP/2 servers against this module's and against golang.org/x/net's, each in a
// process of its own, and tells what each server held, what it cost, and what it answered. A bystander makes requests
// on a connection of its own all the while.
//
//	go run -C internal/interop ./attacks
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"h2fork.example/net/internal/interop/progress"
)

func main() {
	if isChild() {
		fail(serveChild())
		return
	}
	limit := flag.Duration("time", time.Second, "how long an attack goes on that the server does not end")
	only := flag.String("only", "", "run the attacks whose name has `this` in it")
	servers := flag.String("servers", "ours,xnet", "the servers to attack, of ours, xnet and nethttp")
	flag.Parse()
	results, err := compare(strings.Split(*servers, ","), *only, *limit)
	fail(err)
	fmt.Println(render(results))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "attacks:", err)
		os.Exit(1)
	}
}

// A result is what one attack did to one server.
type result struct {
	attack *attack
	server string
	outcome
}

// compare runs attacks against servers, one after the other.
func compare(servers []string, only string, limit time.Duration) ([]result, error) {
	var chosen []*attack
	for i := range attacks {
		if strings.Contains(attacks[i].name, only) {
			chosen = append(chosen, &attacks[i])
		}
	}
	show := progress.New(os.Stderr, len(chosen)*len(servers), "attacks")
	defer show.Finish()
	var results []result
	for _, a := range chosen {
		for _, server := range servers {
			show.Begin(server + ": " + a.name)
			out, err := a.run(server, limit)
			if err != nil {
				return nil, fmt.Errorf("%s against %s: %w", a.name, server, err)
			}
			results = append(results, result{a, server, out})
			show.Step()
		}
	}
	return results, nil
}
