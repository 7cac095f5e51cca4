package main

import (
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/net/http2/hpack"
)

func TestThePictureNamesTheFrameThatBreaksTheCall(t *testing.T) {
	text.DisableColors()
	t.Cleanup(text.EnableColors)
	fields := []hpack.HeaderField{{Name: "grpc-status", Value: "5"}}
	got := draw([]picture{
		{server: "left", call: 7, stream: 13, text: "Internal: no trailers", frames: []frame{
			{name: "HEADERS", fields: fields},
			{name: "DATA", endStream: true},
		}},
		{server: "right", call: 1, stream: 1, frames: []frame{
			{name: "HEADERS", endStream: true, fields: fields},
		}},
	})
	for _, want := range []string{
		"response to call 7, on stream 13",
		"DATA len=0 + END_STREAM   ← where trailers should be",
		"✗ the client is told: Internal",
		"HEADERS + END_STREAM",
		"✓ the client is told: NotFound",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
