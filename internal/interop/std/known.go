package main

import "strings"

// A difference is a test whose outcome differs from net/http's own, for a reason that is known.
type difference struct {
	test    string // its name, or the name of what it is a part of
	release string // such as 1.27, if it differs in one only
	why     string // with the id in PATCHES.md
	mostly  bool   // it depends on time whether it differs
}

// known are the differences.
var known = []difference{
	{test: "TestAPIServerPermitProhibitedCipherSuites", release: "1.27", why: "P37: the suites that are prohibited are TLS 1.2's, and this one is said to be of TLS 1.3"},
	{test: "TestAPIServerIdleTimeout", release: "1.27", why: "P120: a graceful end begins with a GOAWAY that names no stream"},
	{test: "TestPropagation", release: "1.27", mostly: true, why: "P9: a large field is answered with 431, and the connection goes on; unless the client has read by then how large a field may be"},
}

// leftOut are tests that are not run.
var leftOut = []difference{
	{test: "TestNoUnicodeStrings", why: "it reads net/http's source for calls that Go's authors avoid, and our files are beside it"},
	{test: "TestTransportResponseHeaderTimeout/h2", why: "P99: it waits for ever for the handler of a request that it gives 2 ms; one that is reset before its handler was started never runs it, on a busy machine"},
}

// is reports whether a test is the one that differs, or a part of it.
func (d difference) is(test, release string) bool {
	_, test = split(test)
	return (d.release == "" || d.release == release) && (d.test == test || strings.HasPrefix(test, d.test+"/"))
}
