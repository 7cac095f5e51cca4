package http2

import "crypto/tls"

// RFC 9113 §9.2.2 and Appendix A: with TLS 1.2, HTTP/2 wants an ephemeral key
// exchange and an AEAD. Appendix A lists what is prohibited, hundreds of suites;
// these are the ones in TLS 1.2's registry that are not.
var permittedTLS12 = map[uint16]bool{
	0x009e: true, 0x009f: true, // DHE_RSA AES-GCM
	0x00a2: true, 0x00a3: true, // DHE_DSS AES-GCM
	0x00aa: true, 0x00ab: true, // DHE_PSK AES-GCM
	0xc02b: true, 0xc02c: true, // ECDHE_ECDSA AES-GCM
	0xc02f: true, 0xc030: true, // ECDHE_RSA AES-GCM
	0xc052: true, 0xc053: true, 0xc056: true, 0xc057: true, // DHE ARIA-GCM
	0xc05c: true, 0xc05d: true, 0xc060: true, 0xc061: true, // ECDHE ARIA-GCM
	0xc06c: true, 0xc06d: true, // DHE_PSK ARIA-GCM
	0xc07c: true, 0xc07d: true, 0xc080: true, 0xc081: true, // DHE Camellia-GCM
	0xc086: true, 0xc087: true, 0xc08a: true, 0xc08b: true, // ECDHE Camellia-GCM
	0xc090: true, 0xc091: true, // DHE_PSK Camellia-GCM
	0xc09e: true, 0xc09f: true, 0xc0a2: true, 0xc0a3: true, // DHE_RSA AES-CCM
	0xc0a6: true, 0xc0a7: true, 0xc0aa: true, 0xc0ab: true, // DHE_PSK AES-CCM
	0xc0ac: true, 0xc0ad: true, 0xc0ae: true, 0xc0af: true, // ECDHE_ECDSA AES-CCM
	0xcca8: true, 0xcca9: true, 0xccaa: true, // ECDHE and DHE ChaCha20-Poly1305
	0xccac: true, 0xccad: true, // ECDHE_PSK and DHE_PSK ChaCha20-Poly1305
	0xd001: true, 0xd002: true, 0xd003: true, 0xd005: true, // ECDHE_PSK AES-GCM and CCM
}

// prohibitedCipher reports whether a connection with that version and suite is not
// fit for HTTP/2.
func prohibitedCipher(version, suite uint16) bool {
	return version < tls.VersionTLS13 && !permittedTLS12[suite]
}

// requiredCipher reports whether suite is the one that every HTTP/2 deployment with
// TLS 1.2 must have, or the same with ECDSA.
func requiredCipher(suite uint16) bool {
	return suite == tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 || suite == tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
}
