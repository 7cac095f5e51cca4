package peers

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	"github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"

	"h2fork.example/net/internal/interop/stack"
)

const (
	h2specCases    = 146
	h2specRequired = 144
)

func TestH2specStrictPasses(t *testing.T) {
	inEachMode(t, func(t *testing.T, m stack.Mode) { runH2spec(t, m, readThenAnswer, stack.Default) })
}

// The answer may then end the stream before h2spec's next frame is there.
func TestH2specStrictPassesIfTheBodyIsNotRead(t *testing.T) {
	inEachMode(t, func(t *testing.T, m stack.Mode) { runH2spec(t, m, answer, stack.Default) })
}

func TestH2specStrictPassesWithEachScheduler(t *testing.T) {
	for _, m := range []stack.Mode{stack.Protocols, stack.TLS} {
		for _, scheduler := range []stack.Scheduler{stack.RFC7540, stack.Random} {
			t.Run(fmt.Sprintf("%v/%v", m, scheduler), func(t *testing.T) { runH2spec(t, m, readThenAnswer, scheduler) })
		}
	}
}

func answer(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello, h2spec\n") }

func readThenAnswer(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	answer(w, r)
}

func runH2spec(t *testing.T, m stack.Mode, h http.HandlerFunc, scheduler stack.Scheduler) {
	srv := start(t, m, h, stack.Options{Scheduler: scheduler})

	var count h2specCount
	for _, g := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
		count.runGroup(t, g, h2specConfig(t, srv, m))
	}
	t.Logf("%d passed, %d skipped, %d failed\n%s", count.passed, count.skipped, count.failed, strings.Join(count.sections, "\n"))
	if total := count.passed + count.skipped + count.failed; total != h2specCases {
		t.Errorf("%d cases ran, want %d", total, h2specCases)
	}
	if count.passed < h2specRequired {
		t.Errorf("%d cases passed, want at least %d", count.passed, h2specRequired)
	}
}

func h2specConfig(t *testing.T, srv *stack.Server, m stack.Mode) *config.Config {
	host, port, err := net.SplitHostPort(srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return &config.Config{
		Host:         host,
		Port:         number,
		Path:         "/",
		Timeout:      2 * time.Second,
		MaxHeaderLen: 4000,
		Strict:       true,
		TLS:          m == stack.TLS,
		Insecure:     true,
	}
}

// An h2specCount counts results, and keeps a line for each section.
type h2specCount struct {
	passed, failed, skipped int
	sections                []string
}

// runGroup runs the cases of a group and those of the groups in it. h2spec's own runner prints to the
// terminal, and ends the process where it cannot connect.
func (n *h2specCount) runGroup(t *testing.T, g *spec.TestGroup, c *config.Config) {
	var passed, failed, skipped int
	for i, tc := range append(append([]*spec.TestCase(nil), g.Tests...), g.StrictTests...) {
		switch err := runCase(tc, c); err {
		case nil:
			passed++
		case spec.ErrSkipped:
			skipped++
		default:
			failed++
			t.Logf("%s/%d failed: %s\n  %s\n  %v", g.ID(), i+1, tc.Desc, tc.Requirement, err)
		}
	}
	if sum := passed + failed + skipped; sum > 0 {
		n.sections = append(n.sections, fmt.Sprintf("  %-16s %2d of %2d  %s", g.ID(), passed, sum, g.Name))
	}
	n.passed += passed
	n.failed += failed
	n.skipped += skipped
	for _, sub := range g.Groups {
		n.runGroup(t, sub, c)
	}
}

func runCase(tc *spec.TestCase, c *config.Config) error {
	conn, err := spec.Dial(c)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close()
	return tc.Run(c, conn)
}
