package h2c_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"h2fork.example/net/h2c"
	"h2fork.example/net/http2"
	"h2fork.example/net/internal/h2test"
)

// golang/go#26682. http2.ConfigureServer is not called here.
func TestShutdownOfTheServerEndsConnectionsOnceTheirStreamsHaveFinished(t *testing.T) {
	t.Parallel()
	for name, begin := range beginnings {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				hs := &http.Server{Handler: h2c.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/slow" {
						<-release
						io.WriteString(w, "done")
					}
				}), new(http2.Server))}
				p := begin(dial(t, start(t, hs)))
				p.Request(3, h2test.EndStream, ":path", "/slow")
				synctest.Wait()

				if err := hs.Shutdown(t.Context()); err != nil {
					t.Fatal(err)
				}
				p.WantDrain("no more streams are accepted", 3)
				p.WantNothing("the stream is still open")
				close(release)
				wantEcho(p, 3, "done")
				p.WantClosed("the last stream has finished")
			})
		})
	}
}

func TestShutdownDuringAnUpgradedRequestLetsItFinish(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		hs := &http.Server{Handler: h2c.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-release
			io.WriteString(w, "done")
		}), nil)}
		c := dial(t, start(t, hs))
		c.send(upgrade("GET / HTTP/1.1", "", ""))
		p := c.peer()
		p.Greet()
		if err := hs.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.WantDrain("no more streams are accepted", 1)
		close(release)
		wantEcho(p, 1, "done")
		p.WantClosed("the only stream has finished")
	})
}
