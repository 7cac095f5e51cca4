package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"google.golang.org/grpc/status"

	"h2fork.example/net/internal/interop/greeter"
)

// columnWidth is the width of a picture: two of them fit a terminal of 120 columns.
const columnWidth = 54

// A picture is one response as it was on the wire, under what the client made of it.
type picture struct {
	server string
	call   int
	stream uint32
	text   string // the client's error, "" if it got what the backend sent
	frames []frame
	err    error // why there are no frames
}

// pick returns a picture of the response that is worth a look: the first that failed, else the first.
func pick(results []*result, server string) picture {
	p := picture{server: server}
	var from *result
	for _, r := range results {
		if r.server != server || r.kind != failingUnary.name {
			continue
		}
		if from == nil || from.failed == 0 && r.failed > 0 {
			from = r
		}
	}
	if from == nil {
		p.err = fmt.Errorf("nothing was recorded")
		return p
	}
	p.call, p.text = max(from.firstFailed, 1), from.firstText
	p.frames, p.stream, p.err = from.wire.response(p.call)
	return p
}

// draw renders the pictures side by side.
func draw(pictures []picture) string {
	t := table.NewWriter()
	t.SetStyle(table.StyleRounded)
	t.Style().Format.Header = text.FormatDefault
	t.Style().Options.SeparateRows = true
	var head, call, wire, outcome table.Row
	for _, p := range pictures {
		head = append(head, p.server)
		call = append(call, fmt.Sprintf("response to call %d, on stream %d", p.call, p.stream))
		wire = append(wire, p.wire())
		outcome = append(outcome, p.outcome())
	}
	t.AppendHeader(head)
	t.AppendRow(call)
	t.AppendRow(wire)
	t.AppendRow(outcome)
	return t.Render()
}

func (p picture) wire() string {
	if p.err != nil {
		return p.err.Error()
	}
	var b strings.Builder
	for i, f := range p.frames {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(f.draw())
	}
	return b.String()
}

// draw renders a frame as a line, with a line for each of its fields.
func (f frame) draw() string {
	line := f.name
	if f.name == "DATA" {
		line += fmt.Sprintf(" len=%d", f.length)
	}
	if f.endStream {
		line += " + END_STREAM"
	}
	switch {
	case f.empty():
		line = text.FgRed.Sprint(line + "   ← where trailers should be")
	case f.endStream:
		line = text.FgGreen.Sprint(line + "   ← Trailers-Only")
	}
	for _, hf := range f.fields {
		line += fmt.Sprintf("\n  %-13s %s", hf.Name, text.Trim(hf.Value, columnWidth-16))
	}
	return line
}

// empty reports whether the frame is a DATA frame that only ends the stream.
func (f frame) empty() bool { return f.name == "DATA" && f.length == 0 && f.endStream }

func (p picture) outcome() string {
	if p.text != "" {
		code, message, _ := strings.Cut(p.text, ": ")
		return text.FgRed.Sprint("✗ the client is told: " + code + "\n  " + text.WrapSoft(message, columnWidth-2))
	}
	s := status.Convert(greeter.Failure)
	return text.FgGreen.Sprint("✓ the client is told: " + s.Code().String() + "\n  " + s.Message())
}
