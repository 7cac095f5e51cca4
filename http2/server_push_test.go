package http2

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// pushes is a handler that pushes target when / is requested, and tells what
// Push returned.
func pushes(target string, opts *http.PushOptions, got *error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			*got = w.(http.Pusher).Push(target, opts)
		}
		w.Header().Set("X-Path", r.Method+" "+r.RequestURI)
		w.WriteHeader(204)
	}
}

func TestServerPushPromisesAndAnswers(t *testing.T) {
	var err error
	seen := new(eventLog)
	handler := pushes("/style.css?v=1", &http.PushOptions{Header: http.Header{"X-Why": {"because"}}}, &err)
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			seen.add(strings.Join([]string{r.Method, r.Host, r.RequestURI, r.URL.RawQuery, r.Header.Get("X-Why"), r.RemoteAddr, r.Proto}, " "))
			if b, err := io.ReadAll(r.Body); len(b) != 0 || err != nil {
				t.Errorf("the body is %q, %v", b, err)
			}
		}
		handler(w, r)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("RFC 9113 §8.4.1: the promise comes before what refers to it",
			h2test.PushPromiseFrame(1, 2, ":method", "GET", ":scheme", "http", ":authority", "example.com", ":path", "/style.css?v=1", "x-why", "because"))
		got := map[uint32]string{}
		for range 2 {
			f := c.nextHeaders()
			for _, h := range f.Fields {
				if h.Name == "x-path" {
					got[f.StreamID] = h.Value
				}
			}
		}
		if got[1] != "GET /" || got[2] != "GET /style.css?v=1" {
			t.Errorf("the responses are %v", got)
		}
		if err != nil {
			t.Errorf("Push: %v", err)
		}
		seen.want(t, "the handler sees a request like any other", "GET example.com /style.css?v=1 v=1 because 192.0.2.1:50000 HTTP/2.0")
	})
}

func TestServerPushContinuesAPromiseThatIsLargerThanAFrame(t *testing.T) {
	var err error
	long := strings.Repeat("~", 20000)
	serving{handler: pushes("/x", &http.PushOptions{Header: http.Header{"X-Long": {long}}}, &err)}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		f := c.Next()
		for f.Type == wire.WindowUpdate {
			f = c.Next()
		}
		if f.Type != wire.PushPromise || f.Length != 16384 || f.Continuations != 1 {
			t.Errorf("%v with %d more frames", f, f.Continuations)
		}
		if len(f.Fields) == 0 || f.Fields[len(f.Fields)-1].Value != long {
			t.Errorf("it ends otherwise: %.200v", f.Fields)
		}
	})
}

func TestServerPushOfHEADIsAllowed(t *testing.T) {
	var err error
	serving{handler: pushes("/x", &http.PushOptions{Method: "HEAD"}, &err)}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("the promise says so", h2test.PushPromiseFrame(1, 2, ":method", "HEAD", ":scheme", "http", ":authority", "example.com", ":path", "/x"))
	})
}

func TestServerPushFailsIfTheClientDoesNotWantIt(t *testing.T) {
	var err error
	serving{
		handler:  pushes("/x", nil, &err),
		settings: []wire.Setting{{ID: wire.SettingEnablePush, Val: 0}},
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("there is no promise", noContent(1))
		if err != http.ErrNotSupported {
			t.Errorf("Push: %v", err)
		}
	})
}

func TestServerPushKeepsToTheClientsLimit(t *testing.T) {
	var first, second, third error
	release := newGate()
	serving{
		handler: func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/":
				first = w.(http.Pusher).Push("/wait", nil)
				second = w.(http.Pusher).Push("/wait", nil)
				release.wait()
			case "/again":
				third = w.(http.Pusher).Push("/x", nil)
			case "/wait":
				release.wait()
			}
			w.WriteHeader(204)
		},
		settings: []wire.Setting{{ID: wire.SettingMaxConcurrentStreams, Val: 1}},
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("one promise fits", h2test.FrameOfType(wire.PushPromise, 1))
		c.WantNothing("a second does not (RFC 9113 §5.1.2)")
		if first != nil || !errors.Is(second, ErrPushLimitReached) {
			t.Errorf("Push: %v, and then %v", first, second)
		}
		release.open()
		c.nextHeaders()
		c.nextHeaders()
		c.Request(3, h2test.EndStream, ":path", "/again")
		c.Want("there is room again", h2test.FrameOfType(wire.PushPromise, 3))
		settled()
		if third != nil {
			t.Errorf("Push: %v", third)
		}
	})
}

func TestServerPushedRequestsCannotPush(t *testing.T) {
	var got error
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.(http.Pusher).Push("/pushed", nil)
		} else {
			got = w.(http.Pusher).Push("/more", nil)
		}
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("one promise", h2test.FrameOfType(wire.PushPromise, 1))
		c.nextHeaders()
		c.nextHeaders()
		if !errors.Is(got, ErrRecursivePush) {
			t.Errorf("Push: %v", got)
		}
	})
}

func TestServerPushRefusesWhatCannotBePromised(t *testing.T) {
	with := func(k string) *http.PushOptions { return &http.PushOptions{Header: http.Header{k: {"x"}}} }
	tests := []struct {
		target string
		opts   *http.PushOptions
		want   string
	}{
		{"", nil, `target must be an absolute URL or an absolute path: ""`},
		{"relative", nil, `target must be an absolute URL or an absolute path: "relative"`},
		{"https://example.com/", nil, `cannot push URL with scheme "https" from request with scheme "http"`},
		{"http:///x", nil, "URL must have a host"},
		{"/%zz", nil, `parse "/%zz": invalid URL escape "%zz"`},
		{"/x", &http.PushOptions{Method: "POST"}, `method "POST" must be GET or HEAD`},
		{"/x", with(":path"), `promised request headers cannot include pseudo header ":path"`},
		{"/x", with("Content-Length"), `promised request headers cannot include "Content-Length"`},
		{"/x", with("Host"), `promised request headers cannot include "Host"`},
		{"/x", with("Te"), `promised request headers cannot include "Te"`},
		{"/x", with("Expect"), `promised request headers cannot include "Expect"`},
		{"/x", with("Connection"), `request header "Connection" is not valid in HTTP/2`},
	}
	for _, test := range tests {
		t.Run(test.want, func(t *testing.T) {
			var err error
			serving{handler: pushes(test.target, test.opts, &err)}.run(t, func(c *servedConn) {
				c.Request(1, h2test.EndStream)
				c.Want("there is no promise", noContent(1))
				if err == nil || err.Error() != test.want {
					t.Errorf("Push: %v, want %s", err, test.want)
				}
			})
		})
	}
}

func TestServerPushThatTheClientCancelsEndsItsContext(t *testing.T) {
	ended := newGate()
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.(http.Pusher).Push("/pushed", nil)
			return
		}
		<-r.Context().Done()
		ended.open()
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("one promise", h2test.FrameOfType(wire.PushPromise, 1))
		settled()
		c.RST(2, wire.Cancel)
		ended.wait()
	})
}

func TestServerPushOnAStreamThatIsGoneFails(t *testing.T) {
	var err error
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		err = w.(http.Pusher).Push("/x", nil)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		settled()
		c.RST(1, wire.Cancel)
		c.WantNothing("nothing may be promised on a closed stream")
		if err == nil {
			t.Error("Push succeeded")
		}
	})
}

// P102.
func TestServerPushKeepsToTheServersOwnLimit(t *testing.T) {
	var errs []error
	serving{
		srv: &Server{MaxConcurrentStreams: 2},
		handler: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				for range 3 {
					errs = append(errs, w.(http.Pusher).Push("/wait", nil))
				}
			}
			<-r.Context().Done()
		},
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("two promises", h2test.FrameOfType(wire.PushPromise, 1), h2test.FrameOfType(wire.PushPromise, 1))
		c.WantNothing("a third would be one handler more than there may be")
		if len(errs) != 3 || errs[0] != nil || errs[1] != nil || errs[2] != ErrPushLimitReached {
			t.Errorf("Push: %v", errs)
		}
	})
}
