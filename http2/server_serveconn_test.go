package http2

import (
	"encoding/binary"
	"net/http"
	"testing"
	"testing/synctest"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// serveConn serves one end of a Pipe with opts, and runs the script on the other.
func serveConn(t *testing.T, opts *ServeConnOpts, script func(p *h2test.Peer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		done := make(chan bool)
		go func() {
			defer close(done)
			new(Server).ServeConn(server, opts)
		}()
		p := h2test.NewPeer(t, client)
		p.Ignore(h2test.WindowUpdates)
		p.IgnoreFields("date")
		script(p)
		p.Close()
		<-done
	})
}

func answers204(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }

func TestServeConnWithoutOptionsServesDefaultServeMux(t *testing.T) {
	old := http.DefaultServeMux
	defer func() { http.DefaultServeMux = old }()
	http.DefaultServeMux = http.NewServeMux()
	http.HandleFunc("/", answers204)
	serveConn(t, nil, func(p *h2test.Peer) {
		p.Greet()
		p.Request(1, h2test.EndStream)
		p.Want("the mux answered", noContent(1))
	})
}

func TestServeConnPrefersItsHandlerToBaseConfigs(t *testing.T) {
	wrong := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other handler ran") })
	serveConn(t, &ServeConnOpts{Handler: http.HandlerFunc(answers204), BaseConfig: &http.Server{Handler: wrong}}, func(p *h2test.Peer) {
		p.Greet()
		p.Request(1, h2test.EndStream)
		p.Want("Handler answered", noContent(1))
	})
}

func TestServeConnFallsBackToBaseConfigsHandler(t *testing.T) {
	serveConn(t, &ServeConnOpts{BaseConfig: &http.Server{Handler: http.HandlerFunc(answers204)}}, func(p *h2test.Peer) {
		p.Greet()
		p.Request(1, h2test.EndStream)
		p.Want("BaseConfig's handler answered", noContent(1))
	})
}

func TestServeConnDoesNotWaitForAPrefaceThatWasSeen(t *testing.T) {
	serveConn(t, &ServeConnOpts{Handler: http.HandlerFunc(answers204), SawClientPreface: true}, func(p *h2test.Peer) {
		p.Settings()
		p.Ignore(h2test.AnySettings)
		p.Request(1, h2test.EndStream)
		p.Want("the connection works", noContent(1))
	})
}

func TestServeConnServesAnUpgradedRequestAsStream1(t *testing.T) {
	r, err := http.NewRequest("GET", "http://example.com/upgraded", nil)
	if err != nil {
		t.Fatal(err)
	}
	opts := &ServeConnOpts{
		UpgradeRequest: r,
		Settings:       binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, uint16(wire.SettingInitialWindowSize)), 1),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/upgraded" {
				answerOK(w, r)
			} else {
				answers204(w, r)
			}
		}),
	}
	serveConn(t, opts, func(p *h2test.Peer) {
		p.Greet()
		p.Want("stream 1 is half-closed, and its window is what the settings said",
			h2test.HeadersWith(1, h2test.KeepOpen, ":status", "200"), h2test.DataFrame(1, "o", h2test.KeepOpen))
		p.WindowUpdate(1, 1)
		p.Want("the rest", h2test.DataFrame(1, "k", h2test.EndStream))
		p.Request(3, h2test.EndStream)
		p.Want("the client's own streams follow", noContent(3))
	})
}

func TestServeConnRefusesAnUpgradeWithBadSettings(t *testing.T) {
	for _, settings := range []string{"odd", "\x00\x04\xff\xff\xff\xff", "\x00\x05\x00\x00\x00\x00"} {
		serveConn(t, &ServeConnOpts{UpgradeRequest: new(http.Request), Settings: []byte(settings)}, func(p *h2test.Peer) {
			p.Want("the settings are not valid", h2test.GoAwayFrame(0, wire.ProtocolError))
			p.WantClosed("so there is no connection")
		})
	}
}

func TestServeConnReturnsWhenTheClientLeaves(t *testing.T) {
	serving{}.run(t, func(c *servedConn) {
		c.Close()
		if !c.hasReturned() {
			t.Error("ServeConn goes on")
		}
		c.log.want(t, "that is no error")
	})
}

func TestServeConnReturnsWhenTheClientHalfCloses(t *testing.T) {
	serving{}.run(t, func(c *servedConn) {
		c.Conn().(*h2test.Conn).CloseWrite()
		if !c.hasReturned() {
			t.Error("ServeConn goes on")
		}
	})
}

func TestServeConnReturnsWhileAHandlerRuns(t *testing.T) {
	release := newGate()
	serving{handler: func(http.ResponseWriter, *http.Request) { release.wait() }}.run(t, func(c *servedConn) {
		defer release.open()
		c.Request(1, h2test.EndStream)
		settled()
		c.Close()
		if !c.hasReturned() {
			t.Error("ServeConn waits for a handler")
		}
	})
}

func TestServeConnReadsWhatComesInPieces(t *testing.T) {
	client, server := h2test.Pipe()
	server.SplitReads(1)
	synctest.Test(t, func(t *testing.T) {
		c := serving{handler: answerOK}.startOn(t, client, server)
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		c.Data(1, h2test.EndStream, "body")
		c.Want("every frame was put together", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "200"))
	})
}
