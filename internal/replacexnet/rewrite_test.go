package main

import (
	"testing"

	"h2fork.example/net/internal/toolkit"
)

var testFork = &fork{&toolkit.Fork{Path: "h2fork.example/net", GoVersion: "1.26"}}

func TestImportsOfTheForkAreRewrittenAndNothingElse(t *testing.T) {
	const source = `// Package p is like "h2fork.example/net/hpack".
package p

import (
	"io"

	. "h2fork.example/net/h2c"
	hp "h2fork.example/net/hpack" // not "h2fork.example/net/hpack"
	"h2fork.example/net/http2"
	"h2fork.example/net/internal/a/b"
	"h2fork.example/network"
)

var path = "h2fork.example/net/hpack"
`
	const want = `//go:build go1.26

// Package p is like "h2fork.example/net/hpack".
package p

import (
	"io"

	"golang.org/x/net/http2"
	. "golang.org/x/net/http2/h2c"
	hp "golang.org/x/net/http2/hpack" // not "h2fork.example/net/hpack"
	"golang.org/x/net/http2/internal/h2fork/a/b"
	"h2fork.example/network"
)

var path = "h2fork.example/net/hpack"
`
	got, err := testFork.rewrite("p.go", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestABuildConstraintGetsTheReleaseOfTheFork(t *testing.T) {
	for source, want := range map[string]string{
		"package p\n": "//go:build go1.26\n\npackage p\n",
		"//go:build linux || !go1.27\n\npackage p\n":    "//go:build go1.26 && (linux || !go1.27)\n\npackage p\n",
		"// Why.\n\n//go:build go1.27\n\npackage p\n":   "// Why.\n\n//go:build go1.26 && go1.27\n\npackage p\n",
		"// //go:build linux\npackage p\n\nvar V int\n": "//go:build go1.26\n\n// //go:build linux\npackage p\n\nvar V int\n",
	} {
		got, err := testFork.rewrite("p.go", []byte(source))
		if err != nil || string(got) != want {
			t.Errorf("%q became %q, %v; want %q", source, got, err, want)
		}
	}
}
