//lint:file-ignore SA1019 golang.org/x/net's own client is the reference, for as long as it exists.

package message

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	xhttp2 "golang.org/x/net/http2"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// A clientExchange is what golang.org/x/net's Transport made of a request and what a server answered.
type clientExchange struct {
	fields  []hpack.HeaderField // what it sent; nil if it refused to
	res     *http.Response      // what it returned
	err     error
	readErr error // of reading the Body to its end
}

// A referenceClient is how an exchange goes.
type referenceClient struct {
	gzip     bool // leave compression to the Transport
	settings []wire.Setting
	answer   func(p *h2test.Peer) // on stream 1; without it there is no res
}

func (c referenceClient) roundTrip(t *testing.T, req *http.Request) (x clientExchange) {
	synctest.Test(t, func(t *testing.T) {
		conn, peerConn := h2test.Pipe()
		tr := &xhttp2.Transport{AllowHTTP: true, DisableCompression: !c.gzip}
		cc, err := tr.NewClientConn(conn)
		if err != nil {
			t.Fatal(err)
		}
		p := h2test.NewPeer(t, peerConn)
		p.Accept(c.settings...)
		synctest.Wait() // the settings apply

		done := make(chan struct{})
		go func() {
			defer close(done)
			x.res, x.err = cc.RoundTrip(req)
			if x.err == nil {
				_, x.readErr = io.Copy(io.Discard, x.res.Body)
				x.res.Body.Close()
			}
		}()
		synctest.Wait()
		select {
		case <-done:
		default:
			x.fields = p.Next().Fields
			if c.answer != nil {
				c.answer(p)
			}
		}
		synctest.Wait() // what the answer led to
		peerConn.Close()
		<-done
		cc.Close()
		tr.CloseIdleConnections()
	})
	return x
}
