// Package peers holds tests of the server against software that is not ours (curl, nghttp, h2load, h2spec,
// grpc-go, connect-go and net/http's client) and of the Transport: TestClient… against golang.org/x/net's server,
// net/http's, nghttpd and nginx, TestConnect… with connect-go, against grpc-go and itself. Tests whose tool is not
// on the machine skip and say so.
//
// INTEROP_STACK=xnet or nethttp runs the same tests on another server, INTEROP_CLIENT likewise with another client,
// to tell a peer's habits from our faults.
package peers
