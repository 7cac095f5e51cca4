package h2test

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// A trace remembers a conversation: its beginning and its end, so that it can be long. It formats nothing until it
// is printed.
type trace struct {
	start   time.Time
	first   []traceEntry
	last    []traceEntry // a ring; next is its oldest entry
	next    int
	skipped int
}

const (
	traceFirst   = 40
	traceLast    = 160
	traceExcerpt = 64 // bytes of a payload
)

type traceEntry struct {
	at     time.Duration
	out    bool
	note   string // something that isn't a frame
	frame  Frame  // with the beginning of its payload
	cutOff int    // bytes of the payload left out
}

func (tr *trace) add(e traceEntry) {
	e.at = time.Since(tr.start)
	if len(tr.first) < traceFirst {
		tr.first = append(tr.first, e)
		return
	}
	if len(tr.last) < traceLast {
		tr.last = append(tr.last, e)
		return
	}
	tr.last[tr.next] = e
	tr.next = (tr.next + 1) % traceLast
	tr.skipped++
}

func (tr *trace) frame(out bool, f Frame) {
	e := traceEntry{out: out, frame: f}
	e.cutOff = max(0, len(f.Payload)-traceExcerpt)
	e.frame.Payload = bytes.Clone(f.Payload[:len(f.Payload)-e.cutOff])
	tr.add(e)
}

func (tr *trace) note(out bool, format string, args ...any) {
	tr.add(traceEntry{out: out, note: fmt.Sprintf(format, args...)})
}

// String returns a line for each frame: → was sent by the peer, ← was received.
func (tr *trace) String() string {
	var b strings.Builder
	for _, e := range tr.first {
		e.print(&b)
	}
	if tr.skipped > 0 {
		fmt.Fprintf(&b, "  … %d more …\n", tr.skipped)
	}
	for i := range tr.last {
		tr.last[(tr.next+i)%len(tr.last)].print(&b)
	}
	return b.String()
}

func (e traceEntry) print(b *strings.Builder) {
	arrow := "←"
	if e.out {
		arrow = "→"
	}
	fmt.Fprintf(b, "  %8v %s ", e.at.Round(time.Microsecond), arrow)
	if e.note != "" {
		b.WriteString(e.note)
	} else {
		b.WriteString(e.frame.describe(e.cutOff))
	}
	b.WriteByte('\n')
}

// String returns the frame on one line.
func (f Frame) String() string { return f.describe(0) }

// describe does not count the payload that was cut off.
func (f Frame) describe(cutOff int) string {
	var b strings.Builder
	b.WriteString(f.Type.String())
	if f.StreamID != 0 {
		fmt.Fprintf(&b, " stream=%d", f.StreamID)
	}
	for _, flag := range flagNames(f.Type) {
		if f.Flags.Has(flag.flag) {
			b.WriteString(" " + flag.name)
		}
	}
	if f.Continuations > 0 {
		fmt.Fprintf(&b, " (and %d CONTINUATION)", f.Continuations)
	}
	if content := f.content(cutOff); content != "" {
		b.WriteString(" " + content)
	}
	return b.String()
}

type flagAndName struct {
	flag wire.Flags
	name string
}

func flagNames(t wire.FrameType) []flagAndName {
	switch t {
	case wire.Data, wire.Headers, wire.PushPromise, wire.Continuation:
		return []flagAndName{
			{wire.FlagEndStream, "END_STREAM"},
			{wire.FlagEndHeaders, "END_HEADERS"},
			{wire.FlagPadded, "PADDED"},
			{wire.FlagPriority, "PRIORITY"},
		}
	case wire.Settings, wire.Ping:
		return []flagAndName{{wire.FlagAck, "ACK"}}
	}
	return nil
}

// content says what is in the payload, as far as it can be parsed.
func (f Frame) content(cutOff int) string {
	if cutOff > 0 { // the parsers want all of it
		return fmt.Sprintf("len=%d %q…", f.Length, f.Payload)
	}
	switch f.Type {
	case wire.Data:
		if d, err := wire.ParseData(f.Header, f.Payload); err == nil {
			return fmt.Sprintf("len=%d %q", d.Length, d.Data)
		}
	case wire.Headers, wire.PushPromise, wire.Continuation:
		if f.Fields == nil {
			return fmt.Sprintf("len=%d", f.Length)
		}
		return formatFields(f.Fields)
	case wire.RSTStream:
		if code, err := wire.ParseRSTStream(f.Header, f.Payload); err == nil {
			return code.String()
		}
	case wire.Settings:
		if s, err := wire.ParseSettings(f.Header, f.Payload); err == nil {
			var settings []string
			for i := range s.Len() {
				settings = append(settings, fmt.Sprintf("%v=%d", s.At(i).ID, s.At(i).Val))
			}
			return strings.Join(settings, " ")
		}
	case wire.GoAway:
		if g, err := wire.ParseGoAway(f.Header, f.Payload); err == nil {
			return fmt.Sprintf("last=%d %v %q", g.LastStreamID, g.Code, g.Debug)
		}
	case wire.WindowUpdate:
		if n, err := wire.ParseWindowUpdate(f.Header, f.Payload); err == nil {
			return fmt.Sprintf("+%d", n)
		}
	}
	return fmt.Sprintf("len=%d %q", f.Length, f.Payload)
}

func formatFields(fields []hpack.HeaderField) string {
	var parts []string
	for _, f := range fields {
		parts = append(parts, fmt.Sprintf("%s=%q", f.Name, f.Value))
	}
	return strings.Join(parts, " ")
}
