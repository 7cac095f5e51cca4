// Proxy is a reverse proxy in front of a gRPC backend, with nothing but net/http: it serves HTTP/2 without TLS and with,
// and speaks it to the backend. Its argument is the backend's host and port. It prints its own two, and ends when its
// input does.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"time"
)

func main() {
	plain := new(http.Protocols)
	plain.SetUnencryptedHTTP2(true)
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: os.Args[1]})
	proxy.FlushInterval = -1
	proxy.Transport = &http.Transport{Protocols: plain}

	withTLS := &http.Server{Handler: proxy, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate()}}}
	withoutTLS := &http.Server{Handler: proxy, Protocols: plain}
	one, other := listen(), listen()
	go func() { log.Fatal(withoutTLS.Serve(one)) }()
	go func() { log.Fatal(withTLS.ServeTLS(other, "", "")) }()
	fmt.Println(one.Addr(), other.Addr())
	io.Copy(io.Discard, os.Stdin)
}

func listen() net.Listener {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	return ln
}

// certificate makes a certificate that no one trusts.
func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		log.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
