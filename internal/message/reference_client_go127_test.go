//go:build go1.27 && !http2legacy

package message

// referenceWrapsNetHTTP says that golang.org/x/net's Transport hands its requests to net/http's.
const referenceWrapsNetHTTP = true
