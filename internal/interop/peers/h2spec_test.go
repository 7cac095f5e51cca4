package peers

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
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
	h2specCases = 146

	// h2specBehindHTTP1 is the one case that fails where net/http speaks HTTP/1 on the same port: what is not
	// the connection preface is a malformed request to it, which gets a 400 before the connection ends, and never
	// comes to HTTP/2. h2spec tries to read the 400 as a frame.
	h2specBehindHTTP1 = "http2/3.5/2"

	// h2specFrameSize is the frame size that h2spec takes every server to allow: RFC 9113's initial value.
	// It does not look at SETTINGS_MAX_FRAME_SIZE.
	h2specFrameSize = 16384
)

func TestH2specStrictPasses(t *testing.T) {
	inEachMode(t, func(t *testing.T, m stack.Mode) { runH2spec(t, m, stack.Default) })
}

// The default is RFC 9218. Round robin cannot be asked for on Go 1.26.
func TestH2specStrictPassesWithEachScheduler(t *testing.T) {
	schedulers := []stack.Scheduler{stack.RFC7540, stack.Random, stack.Users}
	if stack.HasRoundRobin {
		schedulers = append(schedulers, stack.RoundRobin)
	}
	for _, m := range []stack.Mode{stack.ServeConn, stack.Protocols, stack.TLS} {
		for _, scheduler := range schedulers {
			t.Run(fmt.Sprintf("%v/%v", m, scheduler), func(t *testing.T) { runH2spec(t, m, scheduler) })
		}
	}
}

// runH2spec runs every case against a handler that reads the request to its end before it answers. With one that
// answers at once, the cases that want a second frame on a stream refused (http2/8.1/1, http2/8.1.2.1/3,
// http2/8.1.2.6/1 and 2: trailers and content that make a request malformed) race with it: once the whole response
// has left and the rest of the request has been declined with RST_STREAM (RFC 9113 §8.1), that frame is on a closed
// stream, and ignored.
func runH2spec(t *testing.T, m stack.Mode, scheduler stack.Scheduler) {
	srv := start(t, m, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "hello, h2spec\n")
	}), stack.Options{Scheduler: scheduler, MaxReadFrameSize: h2specFrameSize})

	var count h2specCount
	for _, g := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
		count.runGroup(t, g, h2specConfig(t, srv, m))
	}
	t.Logf("%d passed, %d skipped, %d failed\n%s", count.passed, count.skipped, len(count.failed), strings.Join(count.sections, "\n"))
	if total := count.passed + count.skipped + len(count.failed); total != h2specCases {
		t.Errorf("%d cases ran, want %d", total, h2specCases)
	}
	var want []string
	if m == stack.Handler || m == stack.Protocols {
		want = append(want, h2specBehindHTTP1)
	}
	if !slices.Equal(count.failed, want) || count.skipped > 0 {
		t.Errorf("%q failed, want %q; %d were skipped", count.failed, want, count.skipped)
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
		Timeout:      5 * time.Second, // a busy machine may take longer than the usual 2
		MaxHeaderLen: 4000,
		Strict:       true,
		TLS:          m == stack.TLS,
		Insecure:     true,
	}
}

// An h2specCount counts results, and keeps a line for each section.
type h2specCount struct {
	passed, skipped int
	failed          []string // their ids
	sections        []string
}

// runGroup runs the cases of a group and those of the groups in it. h2spec's own runner prints to the
// terminal, and ends the process where it cannot connect.
func (n *h2specCount) runGroup(t *testing.T, g *spec.TestGroup, c *config.Config) {
	var passed, skipped int
	var failed []string
	for i, tc := range append(append([]*spec.TestCase(nil), g.Tests...), g.StrictTests...) {
		switch err := runCase(tc, c); err {
		case nil:
			passed++
		case spec.ErrSkipped:
			skipped++
		default:
			id := fmt.Sprintf("%s/%d", g.ID(), i+1)
			failed = append(failed, id)
			t.Logf("%s failed: %s\n  %s\n  %v", id, tc.Desc, tc.Requirement, err)
		}
	}
	if sum := passed + skipped + len(failed); sum > 0 {
		n.sections = append(n.sections, fmt.Sprintf("  %-16s %2d of %2d  %s", g.ID(), passed, sum, g.Name))
	}
	n.passed += passed
	n.failed = append(n.failed, failed...)
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
