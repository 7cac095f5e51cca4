package http2

import (
	"h2fork.example/net/internal/wire"
)

// fieldsInTunnel is the error for a second field section on a stream that CONNECT
// opened (RFC 9113 §8.5): only DATA is tunnelled.
func fieldsInTunnel(id uint32) error {
	return wire.StreamErrorf(id, wire.ProtocolError, "headers_in_tunnel", "HEADERS on a stream that is a tunnel")
}
