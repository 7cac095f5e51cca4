package http2

import (
	"log"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// debugEnv makes this test's binary serve a connection with one of the servers,
// and print the log: GODEBUG is read when a program starts.
const debugEnv = "H2_TEST_DEBUG_LINES"

// debugConversation is the client's side of what is logged.
func debugConversation(t *testing.T) {
	twinCase{
		handler: answers(answerOK),
		script: func(p *h2test.Peer) {
			p.Request(1, h2test.EndStream)
			twinPause()
			p.Ping(false, [8]byte{1})
			twinPause()
			p.Request(3, h2test.EndStream, ":path", "-") // malformed
			twinPause()
			p.Data(1, h2test.KeepOpen, "late")
			twinPause()
			p.RST(1, wire.Cancel)
			p.WindowUpdate(0, 5)
			p.GoAway(0, wire.NoError, "bye")
			twinPause()
		},
		server: func(hs *http.Server) { hs.ErrorLog = nil },
	}.run(t, twinServers[os.Getenv(debugEnv)])
}

// debugLines runs the conversation with a server and GODEBUG=http2debug=level,
// and returns what was logged, without addresses in memory, times and dates.
func debugLines(t *testing.T, server, level string) []string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestServerDebugLinesAreUpstreams$", "-test.timeout=20s")
	cmd.Env = append(os.Environ(), debugEnv+"="+server, "GODEBUG=http2windows=fixed,http2debug="+level)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		if stamp := regexp.MustCompile(`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d `).FindString(line); stamp != "" {
			line = strings.TrimPrefix(line, stamp)
			lines = append(lines, regexp.MustCompile(`0x[0-9a-f]{6,}`).ReplaceAllString(line, "0xPTR"))
		}
	}
	return lines
}

// debugShared are the lines, of those that both servers log, which people and
// programs look for: they are to be the same, letter for letter.
var debugShared = regexp.MustCompile(`^http2: Framer 0xPTR: (read|wrote) |^http2: server read frame |^http2: decoded hpack field |^http2: server encoding header |^http2: server connection from |said hello$|^GOAWAY close timer fired`)

func TestServerDebugLinesAreUpstreams(t *testing.T) {
	if os.Getenv(debugEnv) != "" {
		log.SetOutput(os.Stdout)
		debugConversation(t)
		return
	}
	for _, level := range []string{"1", "2"} {
		var shared [2][]string
		for i, server := range []string{"ours", "upstream"} {
			for _, line := range debugLines(t, server, level) {
				// net/http's, on Go 1.27, prints a struct with %p.
				line = regexp.MustCompile(` on (0xPTR|%!p.*)$`).ReplaceAllString(line, " on …")
				if debugShared.MatchString(line) {
					shared[i] = append(shared[i], line)
				}
			}
			slices.Sort(shared[i]) // the two sides of the conversation are logged as they come
		}
		if len(shared[0]) == 0 || !slices.Equal(shared[0], shared[1]) {
			t.Errorf("http2debug=%s, ours:\n%s\nupstream:\n%s", level, strings.Join(shared[0], "\n"), strings.Join(shared[1], "\n"))
		}
	}
}
