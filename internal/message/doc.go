// Package message turns HTTP/2 field sections into requests and responses, and those into field sections
// (RFC 9113 §8.2, §8.3 and RFC 8441): a server reads requests and appends responses, a client appends requests and
// reads responses. It does no I/O and starts no goroutine: fields come in decoded, fields go out ready to be encoded.
package message
