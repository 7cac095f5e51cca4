package main

import (
	"slices"
	"testing"

	"h2fork.example/net/internal/toolkit"
)

func testOverlay(t *testing.T) tree {
	t.Helper()
	overlay, err := (&fork{&toolkit.Fork{Dir: forkDir, Path: "h2fork.example/net", GoVersion: "1.26"}}).overlay()
	if err != nil {
		t.Fatal(err)
	}
	return overlay
}

func TestTheOverlayIsWhatThePublicPackagesImportWithoutTests(t *testing.T) {
	want := []string{
		"http2/LICENSE.h2fork",
		"http2/h2c/h2c.go",
		"http2/hpack/hpack.go",
		"http2/http2.go",
		"http2/internal/h2fork/wire/wire.go",
	}
	if got := names(testOverlay(t)); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestOnlyTheFilesOfReplacedPackagesAreLeftOut(t *testing.T) {
	merged, err := merge(upstreamFiles, testOverlay(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"LICENSE",
		"PATENTS",
		"go.mod",
		"http/httpguts/guts.go",
		"http2/LICENSE.h2fork",
		"http2/h2c/h2c.go",
		"http2/h2i/h2i.go",
		"http2/hpack/hpack.go",
		"http2/http2.go",
		"http2/internal/h2fork/wire/wire.go",
		"internal/httpcommon/request.go",
		"internal/httpcommon/request.txt",
	}
	if got := names(merged); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestAFileOfUpstreamsIsNeverOverwritten(t *testing.T) {
	_, err := merge(with(upstreamFiles, tree{"http2/internal/h2fork/wire/wire.go": nil}), testOverlay(t))
	if err == nil || err.Error() != "golang.org/x/net has a file http2/internal/h2fork/wire/wire.go of its own" {
		t.Errorf("got error %v", err)
	}
}

func TestSuspectsAreTheOverlayAndTheLibrariesThatImportIt(t *testing.T) {
	overlay := testOverlay(t)
	merged, err := merge(upstreamFiles, overlay)
	if err != nil {
		t.Fatal(err)
	}
	imports := []byte("import _ \"golang.org/x/net/http2\"\n")
	merged["other/elsewhere.go"] = append([]byte("//go:build plan9 && !plan9\n\npackage other\n"), imports...)
	merged["tested/a_test.go"] = append([]byte("package tested\n"), imports...)
	merged["testdata/a.go"] = append([]byte("package testdata\n"), imports...)
	want := []string{
		"golang.org/x/net/http2",
		"golang.org/x/net/http2/h2c",
		"golang.org/x/net/http2/hpack",
		"golang.org/x/net/http2/internal/h2fork/wire",
		"golang.org/x/net/internal/httpcommon",
	}
	if got := suspects(merged, overlay); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
