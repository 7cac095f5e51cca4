package main

import (
	"bytes"
	"go/format"
	"strings"
	"testing"

	"h2fork.example/net/internal/toolkit"
)

// smallFork has what is hard to flatten: embedded fields, keyed literals, names that are declared twice, generics, and
// methods that are called like functions.
var smallFork = toolkit.Tree{
	"go.mod":  []byte("module h2fork.example/net\n\ngo 1.26.0\n"),
	"LICENSE": []byte("the fork's license\n"),
	"internal/base/base.go": []byte(`// Package base documents itself.
package base

// A Stream has a Name.
type Stream struct{ Name string }

// Reset is a method.
func (s *Stream) Reset() string { return reset(s.Name) }

func reset(s string) string { return s }

type List[T any] []T
`),
	"http2/server.go": []byte(`package http2

import (
	"net/http"

	b "h2fork.example/net/internal/base"
)

type server struct {
	*b.Stream
	http.Handler
	list b.List[server]
}

func reset(Stream b.Stream) server {
	s := server{Stream: &Stream, Handler: http.NotFoundHandler()}
	s.Stream.Reset()
	switch reset := any(s.Handler).(type) {
	case http.HandlerFunc:
		_ = reset
	}
	return s
}
`),
	"http2/before.go":      []byte("//go:build !go1.27\n\npackage http2\n\nimport \"net/http\"\n\nfunc init() { reset(struct{ Name string }{http.MethodGet}) }\n"),
	"http2/from.go":        []byte("//go:build go1.27\n\npackage http2\n\nimport \"net/http\"\n\nvar _ = new(http.Server).DisableClientPriority\n"),
	"http2/server_test.go": []byte("package http2\n"),
}

func flattened(t *testing.T, release string, more toolkit.Tree) (toolkit.Tree, error) {
	t.Helper()
	dir := t.TempDir()
	must(t, merged(smallFork, more).Write(dir))
	return flatten(t.Context(), &toolkit.Fork{Dir: dir, Path: "h2fork.example/net", GoVersion: "1.26"}, release)
}

func TestEveryPackageBecomesPartOfPackageHTTP(t *testing.T) {
	got, err := flattened(t, "1.26", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"h2fork_base_base.go": `// Package base documents itself.

package http

// A Stream has a Name.
type h2fork_base_Stream struct{ Name string }

// Reset is a method.
func (s *h2fork_base_Stream) Reset() string { return h2fork_base_reset(s.Name) }

func h2fork_base_reset(s string) string { return s }

type h2fork_base_List[T any] []T
`,
		"h2fork_http2_server.go": `package http

type h2fork_http2_server struct {
	*h2fork_base_Stream
	Handler
	list h2fork_base_List[h2fork_http2_server]
}

func h2fork_http2_reset(Stream h2fork_base_Stream) h2fork_http2_server {
	s := h2fork_http2_server{h2fork_base_Stream: &Stream, Handler: NotFoundHandler()}
	s.h2fork_base_Stream.Reset()
	switch reset := any(s.Handler).(type) {
	case HandlerFunc:
		_ = reset
	}
	return s
}
`,
		"h2fork_http2_before.go": "//go:build !go1.27\n\npackage http\n\nfunc init() { h2fork_http2_reset(struct{ Name string }{MethodGet}) }\n",
	} {
		if normal(got[name]) != normal([]byte(want)) {
			t.Errorf("%s is:\n%s\nwant:\n%s", name, got[name], want)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("there are more files: %v", got)
	}
}

// normal leaves out empty lines.
func normal(source []byte) string { return strings.Join(strings.Fields(string(source)), " ") }

func TestFilesOfTheReleaseAreTaken(t *testing.T) {
	got, err := flattened(t, "1.27", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got["h2fork_http2_before.go"] != nil || !strings.Contains(string(got["h2fork_http2_from.go"]), "= new(Server).DisableClientPriority") {
		t.Errorf("got %q", got)
	}
}

func TestWhatWouldChangeItsMeaningIsRefused(t *testing.T) {
	for _, tt := range []struct{ name, source, why string }{
		{
			"a local name hides one of net/http's",
			"import \"net/http\"\n\nfunc f(Header int) any { return http.Header{} }\n",
			"more.go:5:38: Header has another meaning here, declared at",
		},
		{"a name begins with the prefix", "var h2fork_x int\n", "more.go:3:5: h2fork_x begins with h2fork_"},
		{"a mistake", "var x int = missing\n", "undefined: missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := flattened(t, "1.26", toolkit.Tree{"http2/more.go": []byte("package http2\n\n" + tt.source)})
			if err == nil || !strings.Contains(err.Error(), tt.why) {
				t.Errorf("got error %v, want one that says %q", err, tt.why)
			}
		})
	}
}

func TestAFileForOneSystemIsRefused(t *testing.T) {
	for name, source := range map[string]string{
		"http2/more_linux.go": "package http2\n",
		"http2/more.go":       "//go:build unix\n\npackage http2\n",
	} {
		_, err := flattened(t, "1.26", toolkit.Tree{name: []byte(source)})
		if err == nil || !strings.Contains(err.Error(), "is not for every system") {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

func TestTheFilesThatConnectAreFormatted(t *testing.T) {
	files, err := glueFiles(true)
	must(t, err)
	if len(files) < 4 {
		t.Errorf("there are %d", len(files))
	}
	for name, content := range files {
		if formatted, err := format.Source(content); err != nil || !bytes.Equal(formatted, content) {
			t.Errorf("%s: gofmt would change it, %v", name, err)
		}
	}
}
