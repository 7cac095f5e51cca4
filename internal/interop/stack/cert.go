package stack

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"
)

// TestCertificate returns a certificate for localhost, made once a process, and a pool that trusts it.
func TestCertificate() (tls.Certificate, *x509.CertPool) {
	made := testCertificate()
	return made.cert, made.pool
}

type testCert struct {
	cert tls.Certificate
	pool *x509.CertPool
}

var testCertificate = sync.OnceValue(func() testCert {
	made, err := makeCertificate(time.Now())
	if err != nil {
		panic(fmt.Sprintf("stack: making a test certificate: %v", err))
	}
	return made
})

func makeCertificate(now time.Time) (testCert, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return testCert{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "localhost"},
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return testCert{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return testCert{}, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return testCert{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool}, nil
}
