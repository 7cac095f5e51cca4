package h2c_test

import (
	"bytes"
	"log"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"h2fork.example/net/http2"
)

// captureLog returns what is logged until the test ends. Only a test whose connections have ended may read it.
func captureLog(t *testing.T, verbose bool) *bytes.Buffer {
	before := http2.VerboseLogs
	http2.VerboseLogs = verbose
	out := new(bytes.Buffer)
	log.SetOutput(out)
	t.Cleanup(func() {
		log.SetOutput(os.Stderr)
		http2.VerboseLogs = before
	})
	return out
}

// What GODEBUG=http2debug=1 shows.
func TestVerboseLogSaysHowConnectionsBegin(t *testing.T) {
	begin := "h2c: attempting h2c with prior knowledge."
	tests := map[string]struct{ script, want string }{
		"prior knowledge": {http2.ClientPreface, begin},
		"wrong preface":   {"PRI * HTTP/2.0\r\n\r\nxxxxxx", "h2c: error h2c with prior knowledge: h2c: invalid client preface"},
		"half a preface":  {"PRI * HTTP/2.0\r\n\r\n", "h2c: error h2c with prior knowledge: h2c: error reading client preface: EOF"},
		"failed upgrade": {strings.Replace(upgrade("GET / HTTP/1.1", "", ""), "HTTP2-Settings: ", "X: ", 1),
			"h2c: error h2c upgrade: expected 1 HTTP2-Settings field, got 0"},
	}
	out := captureLog(t, true)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out.Reset()
			synctest.Test(t, func(t *testing.T) {
				c := dial(t, start(t, &http.Server{Handler: ours(echoHandler)}))
				c.send(tt.script)
				c.CloseWrite()
				synctest.Wait()
			})
			if !strings.Contains(out.String(), tt.want+"\n") {
				t.Errorf("the log has\n%swant a line\n%s", out.String(), tt.want)
			}
			if got := strings.Contains(out.String(), begin); got != strings.HasPrefix(tt.script, "PRI") {
				t.Errorf("the log has\n%swant prior knowledge only where there is", out.String())
			}
		})
	}
}

func TestNothingIsLoggedUnlessAskedFor(t *testing.T) {
	out := captureLog(t, false)
	synctest.Test(t, func(t *testing.T) {
		l := start(t, &http.Server{Handler: ours(echoHandler)})
		for _, script := range []string{"PRI * HTTP/2.0\r\n\r\nxxxxxx", upgrade("GET / HTTP/1.1", "", "")} {
			c := dial(t, l)
			c.send(script)
			c.CloseWrite()
			synctest.Wait()
		}
	})
	if out.Len() > 0 {
		t.Errorf("the log has\n%s", out)
	}
}
