package h2c_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"h2fork.example/net/h2c"
	"h2fork.example/net/internal/h2test"
)

// P61.
func TestNilServerHasTheDefaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(dial(t, start(t, &http.Server{Handler: h2c.NewHandler(echoHandler, nil)})))
		p.Greet()
		p.Request(1, h2test.EndStream, ":path", "/a")
		wantEcho(p, 1, "GET /a")
	})
}
