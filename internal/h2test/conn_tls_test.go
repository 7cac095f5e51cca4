package h2test

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"testing"
	"testing/synctest"
	"time"
)

// selfSigned returns a self-signed certificate without a name.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(nil, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
}

func TestPeerCanWaitForNothingOverTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		client := tls.Client(a, &tls.Config{InsecureSkipVerify: true})
		server := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}})
		p, q := NewPeer(t, client), NewPeer(t, server)
		done := make(chan bool)
		go func() {
			defer close(done)
			q.Accept()
			q.Want("the ping came through", PingFrame(false, [8]byte{1}))
			q.Data(1, EndStream, "answer")
		}()
		p.Greet()
		p.WantNothing("the server waits for a frame")
		p.Ping(false, [8]byte{1})
		p.Want("a connection is usable after WantNothing", DataFrame(1, "answer", EndStream))
		<-done
		q.Close()
		p.WantClosed("the server closed the connection")
	})
}
