// Package peers holds tests of the server against software that is not ours: curl, nghttp, h2load, h2spec,
// grpc-go and net/http's client. Tests whose tool is not on the machine skip and say so.
//
// INTEROP_STACK=xnet or nethttp runs the same tests on another server, to tell a peer's habits from our faults.
package peers
