// Package replaced tests programs on this module's HTTP/2, without a change to any of them: a service that was written for
// golang.org/x/net/http2, with grpc-go below it, and replacexnet (testdata/app); and a proxy that imports the standard
// library alone, and replacestd (testdata/proxy).
package replaced
