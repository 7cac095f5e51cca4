// Package hpack implements HPACK (RFC 7541), the field compression of HTTP/2.
//
// An [Encoder] and a [Decoder] each hold one dynamic table, so a connection needs one of each,
// used for every field section in the order of the wire. Neither is safe for concurrent use.
package hpack
