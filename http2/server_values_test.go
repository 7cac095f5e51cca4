//go:build go1.27

package http2

import (
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// anyNumberOfValues is a server that only bytes limit.
func anyNumberOfValues() *http.Server { return &http.Server{MaxHeaderValueCount: math.MaxInt32} }

// xFields are n fields of a request.
func xFields(n int) []string {
	var fields []string
	for range n {
		fields = append(fields, "x", "a, b")
	}
	return fields
}

// pseudoCount is how many fields a request of h2test has by itself.
const pseudoCount = 4

func TestARequestWithMoreValuesThanMaxHeaderValueCountIsAnswered431(t *testing.T) {
	for _, test := range []struct {
		name   string
		hs     *http.Server
		fields []string
		status string
	}{
		{"as many as are allowed", &http.Server{MaxHeaderValueCount: 10}, xFields(10 - pseudoCount), "200"},
		{"one more", &http.Server{MaxHeaderValueCount: 10}, xFields(11 - pseudoCount), "431"},
		{"Trailer lists as many", &http.Server{MaxHeaderValueCount: 10}, []string{"trailer", strings.Repeat("x,", 9) + "x"}, "200"},
		{"Trailer lists one more", &http.Server{MaxHeaderValueCount: 10}, []string{"trailer", strings.Repeat("x,", 10) + "x"}, "431"},
		{"two Trailers do", &http.Server{MaxHeaderValueCount: 10}, []string{"trailer", strings.Repeat("x,", 9) + "x", "trailer", "x"}, "431"},
		{"as many as are allowed where nothing is said", &http.Server{}, xFields(http.DefaultMaxHeaderValueCount - pseudoCount), "200"},
		{"one more there", &http.Server{}, xFields(http.DefaultMaxHeaderValueCount + 1 - pseudoCount), "431"},
	} {
		t.Run(test.name, func(t *testing.T) {
			serving{hs: test.hs, handler: serverMux(answerOK)}.run(t, func(c *servedConn) {
				c.Request(1, h2test.EndStream, test.fields...)
				c.Want("the request is counted", h2test.HeadersWith(1, h2test.KeepOpen, ":status", test.status), h2test.FrameOfType(wire.Data, 1))
				c.wantServed(3)
			})
		})
	}
}

func TestAStreamWhoseTrailersHaveMoreValuesThanMaxHeaderValueCountIsReset(t *testing.T) {
	for _, test := range []struct {
		name string
		n    int
		ok   bool
	}{{"as many as are allowed", 10, true}, {"one more", 11, false}} {
		t.Run(test.name, func(t *testing.T) {
			serving{hs: &http.Server{MaxHeaderValueCount: 10}, handler: serverMux(func(_ http.ResponseWriter, r *http.Request) {
				_, err := io.ReadAll(r.Body)
				if (err == nil) != test.ok {
					t.Errorf("the body ends with %v", err)
				}
				if n := len(r.Trailer["X"]); n != 0 && !test.ok {
					t.Errorf("the handler has %d trailers", n)
				}
			})}.run(t, func(c *servedConn) {
				c.Request(1, h2test.KeepOpen, ":method", "POST", "trailer", "x")
				c.Headers(1, h2test.EndStream, xFields(test.n)...)
				if test.ok {
					c.Want("the request is served", h2test.HeadersWith(1, h2test.EndStream, ":status", "200"))
				} else {
					c.Want("the stream is reset", h2test.RSTStreamFrame(1, wire.ProtocolError))
				}
				c.wantServed(3)
			})
		})
	}
}
