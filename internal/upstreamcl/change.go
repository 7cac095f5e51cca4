package main

import (
	"fmt"
	"strings"
)

// A change is what one CL does to one file, with its tests and texts.
type change struct {
	name  string // of the folder below text that has its texts, too
	where place

	insertions []insertion
	// uses are the declarations that the inserted text refers to, and testUses those that its tests do, as
	// declarations.has spells them.
	uses, testUses []string
	// applied tells a tree that has the change already.
	applied func(*source) bool
	tests   []string // the functions in test.txt that test what changes: they fail without the change
	guards  []string // those that test what does not change: they pass without it, too
}

// An insertion is text of ours and where it goes. before and after are names of texts.
type insertion struct {
	anchor        anchor
	before, after string
}

// A place is where a change belongs: the package of HTTP/2, whatever it is called in a tree, or that of ReverseProxy.
type place int

const (
	inHTTP2 place = iota
	inHTTPUtil
)

// changes are in the order in which a reviewer would take them. None needs another.
var changes = []*change{
	{
		name:  "reverseproxy",
		where: inHTTPUtil,
		insertions: []insertion{
			{callOf("ReverseProxy.ServeHTTP", "copyResponse"), "before.txt", "after.txt"},
		},
		uses:     []string{"ReverseProxy.ServeHTTP", "ReverseProxy.copyResponse"},
		testUses: []string{"RoundTripperFunc", "import io", "import strings", "import sync", "import net/http/httptest"},
		applied:  func(s *source) bool { return s.compares("ReverseProxy.ServeHTTP", "NoBody") },
		tests:    []string{"TestReverseProxyNoBodyIsNotFlushed"},
		guards:   []string{"TestReverseProxyOtherEmptyBodyIsFlushed", "TestReverseProxyNoBodyTrailerIsFlushed"},
	},
	{
		name:  "trailersonly",
		where: inHTTP2,
		insertions: []insertion{
			{fieldOf("responseWriterState", "sentHeader"), "", "field.txt"},
			{recoverIn("serverConn.runHandler"), "", "panic.txt"},
			{writeNilIn("responseWriter.FlushError", "chunkWriter"), "beforeflush.txt", "afterflush.txt"},
			{declarationOf("responseWriter.FlushError"), "", "methods.txt"},
			{nilCheckIn("responseWriter.write", "dataB"), "write.txt", ""},
		},
		uses: []string{
			"responseWriter.rws", "responseWriter.write(lenData)", "responseWriterState.req", "responseWriterState.snapHeader",
			"responseWriterState.wroteHeader", "responseWriterState.sentHeader", "responseWriterState.handlerDone",
			"responseWriterState.status", "responseWriterState.writeHeader", "responseWriterState.writeChunk",
			"bodyAllowedForStatus", "serverConn.runHandler(rw)",
		},
		testUses: append([]string{
			"serverHandlerCall.do", "serverHandlerCall.exit", "serverTester.nextHandlerCall", "serverTester.sync", "serverTester.bodylessReq1",
			"testConnFramer.wantRSTStream", "testConnFramer.writeRSTStream", "newServerTester", "synctestSubtest",
		}, serverTestUses...),
		applied: func(s *source) bool { return s.has("responseWriterState.holdHeader") },
		tests: []string{
			"TestServerTrailersOnlyFlush", "TestServerTrailersOnlyFlushThenBody", "TestServerTrailersOnlyFlushThenTrailers",
			"TestServerTrailersOnlyFlushThenPanic", "TestServerTrailersOnlyFlushAfterReset",
		},
		guards: []string{"TestServerTrailersOnlyHeaderIsNotHeld"},
	},
	{
		name:  "status",
		where: inHTTP2,
		insertions: []insertion{
			{callOf("responseWriterState.writeChunk", "promoteUndeclaredTrailers"), "call.txt", ""},
			{declarationOf("responseWriterState.promoteUndeclaredTrailers"), "", "method.txt"},
		},
		uses: []string{
			"responseWriterState.snapHeader", "responseWriterState.sentHeader", "responseWriterState.wroteBytes", "responseWriterState.status",
			"responseWriterState.handlerHeader", "responseWriterState.hasNonemptyTrailers", "bodyAllowedForStatus", "TrailerPrefix", "import strings",
		},
		testUses: append([]string{"testServerResponse", "synctestSubtest"}, serverTestUses...),
		applied:  func(s *source) bool { return s.has("responseWriterState.repeatStatus") },
		tests:    []string{"TestServerRepeatsGRPCStatusInTrailers", "TestServerKeepsGRPCStatusOfTrailers"},
		guards:   []string{"TestServerRepeatsNoGRPCStatus", "TestServerKeepsDeclaredGRPCStatus", "TestServerSendsTrailersOnlyOnce"},
	},
}

// serverTestUses are what the tests of both changes to the server use.
var serverTestUses = []string{
	"getSlash", "serverTester", "wantHeader.header", "wantData.data", "testConnFramer.wantHeaders", "testConnFramer.wantData",
	"testConnFramer.wantIdle", "import io", "import net/http",
}

func changeNames() []string {
	var names []string
	for _, c := range changes {
		names = append(names, c.name)
	}
	return names
}

func findChange(name string) (*change, error) {
	for _, c := range changes {
		if c.name == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("-cl: no change is called %q: there are %s", name, strings.Join(changeNames(), ", "))
}
