package http2

import (
	"net/http"
	"testing"
)

func TestReceiveWindowsOutOfRangeAreTheTransportsDefaults(t *testing.T) {
	tr := &Transport{h1: &http.Transport{HTTP2: &http.HTTP2Config{
		MaxReceiveBufferPerConnection: 1,
		MaxReceiveBufferPerStream:     -1,
	}}}
	c := tr.clientConfig().session
	if c.ConnWindow != clientWindows.conn || c.InitialWindow != firstResponseWindow {
		t.Errorf("the windows are %d and %d, want %d and %d", c.ConnWindow, c.InitialWindow, clientWindows.conn, firstResponseWindow)
	}
}
