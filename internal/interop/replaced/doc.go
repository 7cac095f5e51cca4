// Package replaced tests a service that was written for golang.org/x/net/http2, and grpc-go below it, on this module's
// HTTP/2, without a change to either: replacexnet puts it under golang.org/x/net. The service is in testdata/app.
package replaced
