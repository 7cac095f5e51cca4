package http2

import (
	"bytes"
	"io"
	"log"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	xhttp2 "golang.org/x/net/http2"
	xhpack "golang.org/x/net/http2/hpack"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// logHelper, in the environment, makes the test binary compare log lines: both packages read GODEBUG only once.
const logHelper = "H2_FRAMER_LOG_HELPER"

func TestFramesAreLoggedAsUpstreamLogsThem(t *testing.T) {
	if os.Getenv(logHelper) != "" {
		compareLogs(t)
		return
	}
	for _, level := range []string{"http2debug=0", "http2debug=1", "http2debug=2"} {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), logHelper+"="+level, "GODEBUG="+level)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", level, err, out)
		}
	}
}

// logged returns what f logs, with the addresses of Framers hidden.
func logged(f func()) string {
	var b bytes.Buffer
	log.SetOutput(&b)
	log.SetFlags(0)
	defer log.SetOutput(os.Stderr)
	f()
	return regexp.MustCompile(`0x[0-9a-f]{6,}`).ReplaceAllString(b.String(), "0x…")
}

func compareLogs(t *testing.T) {
	verbose, frames := os.Getenv(logHelper) != "http2debug=0", os.Getenv(logHelper) == "http2debug=2"
	if VerboseLogs != verbose || logFrameReads != frames || logFrameWrites != frames {
		t.Fatalf("VerboseLogs %v, logFrameReads %v, logFrameWrites %v", VerboseLogs, logFrameReads, logFrameWrites)
	}
	stream := logStream()
	lines := 0
	compare := func(what string, ours, theirs func()) {
		got, want := logged(ours), logged(theirs)
		if got != want {
			t.Errorf("%s logs\n%s\nwant\n%s", what, got, want)
		}
		lines += strings.Count(got, "\n")
	}
	ours, theirs := framerOf(stream), xhttp2.NewFramer(nil, bytes.NewReader(stream))
	compare("reading", func() { readAll(func() error { _, err := ours.ReadFrame(); return err }) },
		func() { readAll(func() error { _, err := theirs.ReadFrame(); return err }) })
	ours, theirs = framerOf(stream), xhttp2.NewFramer(nil, bytes.NewReader(stream))
	ours.ReadMetaHeaders, theirs.ReadMetaHeaders = hpack.NewDecoder(4096, nil), xhpack.NewDecoder(4096, nil)
	compare("reading field sections", func() { readAll(func() error { _, err := ours.ReadFrame(); return err }) },
		func() { readAll(func() error { _, err := theirs.ReadFrame(); return err }) })
	for _, test := range writeCases {
		ours, theirs := NewFramer(io.Discard, nil), xhttp2.NewFramer(io.Discard, nil)
		ours.AllowIllegalWrites, theirs.AllowIllegalWrites = true, true
		compare("writing "+test.name, func() { test.ours(ours) }, func() { test.theirs(theirs) })
	}
	if frames != (lines > len(writeCases)) {
		t.Errorf("%d lines were logged", lines)
	}
}

// readAll reads until an error that ends the stream.
func readAll(read func() error) {
	for range 1000 {
		err := read()
		switch err.(type) {
		case nil, StreamError, xhttp2.StreamError:
			continue
		}
		return
	}
}

// logStream holds all that log lines can say.
func logStream() []byte {
	w := newSectionWriter()
	b := wire.AppendSettings(nil, wire.Setting{ID: 1, Val: 2}, wire.Setting{ID: 3, Val: 4}, wire.Setting{ID: 77, Val: 1})
	b = wire.AppendSettings(b)
	b = wire.AppendSettingsAck(b)
	b = append(b, w.headers(":method", "GET", "a", "b")...)
	b = append(b, w.headers("A", "b", "c", "d")...)
	b = append(b, w.headers(":status", "200", ":status", "200")...)
	b = wire.AppendHeaders(b, wire.HeadersParam{StreamID: 3, EndStream: true, PadLength: 1, HasPriority: true, Fragment: w.block("a", "b")})
	b = wire.AppendContinuation(b, 3, true, w.block("c", "d"))
	b = wire.AppendData(b, 1, false, []byte("short\n"))
	b = wire.AppendData(b, 1, true, bytes.Repeat([]byte("l"), 257))
	b = wire.AppendDataPadded(b, 1, true, []byte("x"), []byte{0})
	b = wire.AppendWindowUpdate(b, 0, 5)
	b = wire.AppendWindowUpdate(b, 1, 6)
	b = wire.AppendWindowUpdate(b, 1, 0)
	b = wire.AppendPing(b, true, [8]byte{'p'})
	b = wire.AppendRSTStream(b, 1, 99)
	b = wire.AppendPriority(b, 1, wire.PriorityParam{StreamDep: 2})
	b = wire.AppendPriorityUpdate(b, 1, "u=1")
	b = wire.AppendPushPromise(b, wire.PushPromiseParam{StreamID: 1, PromiseID: 2})
	b = append(wire.AppendHeader(b, wire.Header{Length: 1, Type: 0x42, Flags: 0x81, StreamID: 1}), 'x')
	b = wire.AppendGoAway(b, 7, wire.EnhanceYourCalm, []byte("bye"))
	return append(b, w.headers("A", "b")[:12]...) // cut off
}
