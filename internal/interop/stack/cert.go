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
	cert, err := SelfSigned(time.Now(), 24*time.Hour, "localhost", "127.0.0.1")
	if err != nil {
		panic(fmt.Sprintf("stack: making a test certificate: %v", err))
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert.Leaf)
	return testCert{cert, pool}
})

// SelfSigned returns a certificate for these hosts, names or addresses, that is signed with its own key only. It is valid
// from an hour before now, since clocks differ, for so long.
func SelfSigned(now time.Time, valid time.Duration, hosts ...string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // RFC 5280 allows 20 octets
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: hosts[0]},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(valid),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
