// Package http2 is an HTTP/2 server and client (RFC 9113) for net/http's handlers
// and requests, with the API of golang.org/x/net/http2.
//
// A net/http server is given it by [ConfigureServer], a net/http client by
// [ConfigureTransports]. A [Server] also serves connections that the program
// accepted itself, with [Server.ServeConn]. For HTTP/2 without TLS see the h2c
// package beside this one. A [Framer] reads and writes single frames.
//
// Settings in the GODEBUG environment variable are read when the program starts.
// http2debug=1 logs what connections do, http2debug=2 logs each frame as well.
// http2deferheaders=0 makes a Flush send the header of a response with grpc-status
// at once, too: otherwise it waits for the end of the handler or the first byte of
// the body. http2windows=fixed makes receive windows as large as
// golang.org/x/net's, and fixed. http2xconnect=1 makes servers offer extended
// CONNECT (RFC 8441).
package http2

import (
	"os"
	"strings"
)

const (
	// ClientPreface is the string with which a client opens a connection, before its
	// first frame (RFC 9113 §3.4).
	ClientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

	// NextProtoTLS is the protocol's name in TLS ALPN (RFC 9113 §3.2).
	NextProtoTLS = "h2"

	// TrailerPrefix, in front of a key of a handler's Header map, makes the entry a
	// trailer: it is sent without the prefix after the content. It serves for trailers
	// whose names aren't known when the header is written; others are better declared
	// in the Trailer field.
	//
	// Deprecated: Use [http.TrailerPrefix] instead.
	TrailerPrefix = "Trailer:"
)

// VerboseLogs makes connections log what they do. It is set if GODEBUG holds
// http2debug=1 or http2debug=2.
var VerboseLogs bool

// DebugGoroutines is whether the environment has DEBUG_HTTP2_GOROUTINES=1. It is
// kept for programs that set it; connections here have no goroutine-bound state for
// it to check.
var DebugGoroutines = os.Getenv("DEBUG_HTTP2_GOROUTINES") == "1"

// logFrameReads and logFrameWrites ask for a line about every frame (http2debug=2).
// They don't change after init.
var logFrameReads, logFrameWrites bool

func init() {
	debug := os.Getenv("GODEBUG")
	frames := strings.Contains(debug, "http2debug=2")
	VerboseLogs = frames || strings.Contains(debug, "http2debug=1")
	logFrameReads, logFrameWrites = frames, frames
}
