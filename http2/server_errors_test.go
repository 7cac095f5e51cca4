//lint:file-ignore SA1019 The deprecated package is what this one is compared with.

package http2

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	xhttp2 "golang.org/x/net/http2"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// A serverErrorCase is a client that breaks a rule, and what the server does
// about it.
type serverErrorCase struct {
	name  string
	send  func(p *h2test.Peer)
	frame string // RST_STREAM or GOAWAY as the peer sees it, "" for none
	count string // what CountError is told, in order
	patch string // why upstream differs, "" if it does not
}

// openStream1 opens stream 1, for requests with a body.
func openStream1(p *h2test.Peer) {
	p.Request(1, h2test.KeepOpen, ":method", "POST")
	twinPause()
}

// sends is a client that sends frames on a connection with one open stream.
func sends(frames ...[]byte) func(*h2test.Peer) {
	return func(p *h2test.Peer) {
		openStream1(p)
		for _, f := range frames {
			p.Raw(f)
		}
	}
}

// afterServed is a stream that has been served and is closed, and a frame on it.
func afterServed(frame []byte) func(*h2test.Peer) {
	return func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream, ":path", "/served")
		twinPause()
		p.Raw(frame)
	}
}

// block is an HPACK field section without dynamic entries: GET https://a/.
const block = "\x82\x87\x84\x01\x01a"

const (
	endStream  = wire.FlagEndStream
	endHeaders = wire.FlagEndHeaders
)

var serverErrors = []serverErrorCase{
	{"DATA on stream 0", sends(rawFrame(wire.Data, 0, 0, "x")), "GOAWAY last=1 PROTOCOL_ERROR", "frame_data_stream_0", ""},
	{"DATA with more padding than payload", sends(rawFrame(wire.Data, wire.FlagPadded, 1, "\x05ab")), "GOAWAY last=1 PROTOCOL_ERROR", "frame_data_pad_too_big", ""},
	{"DATA without its pad length", sends(rawFrame(wire.Data, wire.FlagPadded, 1, "")), "GOAWAY last=1 FRAME_SIZE_ERROR", "frame_data_pad_byte_short", "P13"},
	{"DATA on an idle stream", sends(rawFrame(wire.Data, 0, 3, "x")), "GOAWAY last=1 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_data_on_idle", "P15"},
	{"DATA on a closed stream", afterServed(rawFrame(wire.Data, 0, 1, "x")), "RST_STREAM 1 STREAM_CLOSED", "stream_STREAM_CLOSED_closed", ""},
	{"DATA after END_STREAM", sends(rawFrame(wire.Data, endStream, 1, "x"), rawFrame(wire.Data, 0, 1, "x")), "RST_STREAM 1 STREAM_CLOSED", "stream_STREAM_CLOSED_closed", ""},
	{"HEADERS on stream 0", sends(rawFrame(wire.Headers, endHeaders, 0, block)), "GOAWAY last=1 PROTOCOL_ERROR", "frame_headers_zero_stream", ""},
	{"HEADERS on an even stream", sends(rawFrame(wire.Headers, endHeaders, 2, block)), "GOAWAY last=1 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_headers_even", "P15"},
	{"HEADERS on a lower stream", func(p *h2test.Peer) {
		p.Request(5, h2test.KeepOpen)
		p.Request(3, h2test.KeepOpen)
	}, "GOAWAY last=5 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_stream_went_down", ""},
	{"HEADERS after END_STREAM", sends(rawFrame(wire.Data, endStream, 1, "x"), rawFrame(wire.Headers, endHeaders|endStream, 1, block)), "RST_STREAM 1 STREAM_CLOSED", "stream_STREAM_CLOSED_headers_half_closed", ""},
	{"HEADERS that depend on themselves", sends(rawFrame(wire.Headers, endHeaders|endStream|wire.FlagPriority, 3, "\x00\x00\x00\x03\x10"+block)), "RST_STREAM 3 PROTOCOL_ERROR", "stream_PROTOCOL_ERROR_priority", ""},
	{"HEADERS without their priority", sends(rawFrame(wire.Headers, endHeaders|wire.FlagPriority, 3, "\x00\x00")), "GOAWAY last=1 FRAME_SIZE_ERROR", "frame_headers_prio_short", "P13"},
	{"HEADERS with more padding than payload", sends(rawFrame(wire.Headers, endHeaders|wire.FlagPadded, 3, "\x09ab")), "GOAWAY last=1 PROTOCOL_ERROR", "frame_headers_pad_too_big", "P13"},
	{"a field section that cannot be decoded", sends(rawFrame(wire.Headers, endHeaders|endStream, 3, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")), "GOAWAY last=1 COMPRESSION_ERROR", "conn_COMPRESSION_ERROR_header_decompression", "P14"},
	{"a field section that is cut off", sends(rawFrame(wire.Headers, endHeaders|endStream, 3, "\x82\x40")), "GOAWAY last=1 COMPRESSION_ERROR", "conn_COMPRESSION_ERROR_header_decompression", "P14"},
	{"CONTINUATION without HEADERS", sends(rawFrame(wire.Continuation, endHeaders, 1, block)), "GOAWAY last=1 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_unexpected_continuation", "P14"},
	{"CONTINUATION of another stream", sends(rawFrame(wire.Headers, 0, 3, block), rawFrame(wire.Continuation, endHeaders, 5, block)), "GOAWAY last=1 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_interrupted_headers", "P14"},
	{"a field section that is interrupted", sends(rawFrame(wire.Headers, 0, 3, block), rawFrame(wire.Ping, 0, 0, "12345678")), "GOAWAY last=1 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_interrupted_headers", "P14"},
	{"CONTINUATION on stream 0", sends(rawFrame(wire.Continuation, endHeaders, 0, block)), "GOAWAY last=1 PROTOCOL_ERROR", "frame_continuation_zero_stream", "P14"},
	{"a field section that is interrupted after CONTINUATION", sends(rawFrame(wire.Headers, 0, 3, block), rawFrame(wire.Continuation, 0, 3, ""), rawFrame(wire.Ping, 0, 0, "12345678")), "GOAWAY last=1 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_interrupted_headers", "P14"},
	{"a field section that is interrupted by an unknown frame", sends(rawFrame(wire.Headers, 0, 3, block), rawFrame(0x77, 0, 3, "x")), "GOAWAY last=1 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_interrupted_headers", "P14"},
	{"PRIORITY on stream 0", sends(rawFrame(wire.Priority, 0, 0, "\x00\x00\x00\x05\x10")), "GOAWAY last=1 PROTOCOL_ERROR", "frame_priority_zero_stream", ""},
	{"PRIORITY that depends on itself", sends(rawFrame(wire.Priority, 0, 1, "\x00\x00\x00\x01\x10")), "RST_STREAM 1 PROTOCOL_ERROR", "stream_PROTOCOL_ERROR_priority", ""},
	{"PRIORITY of the wrong size", sends(rawFrame(wire.Priority, 0, 1, "\x00\x00\x00\x05")), "RST_STREAM 1 FRAME_SIZE_ERROR", "frame_priority_bad_length", "P13"},
	{"RST_STREAM on stream 0", sends(rawFrame(wire.RSTStream, 0, 0, "\x00\x00\x00\x08")), "GOAWAY last=1 PROTOCOL_ERROR", "frame_rststream_zero_stream", ""},
	{"RST_STREAM on an idle stream", sends(rawFrame(wire.RSTStream, 0, 3, "\x00\x00\x00\x08")), "GOAWAY last=1 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_reset_idle_stream", "P15"},
	{"RST_STREAM of the wrong size", sends(rawFrame(wire.RSTStream, 0, 1, "\x00\x00\x08")), "GOAWAY last=1 FRAME_SIZE_ERROR", "frame_rststream_bad_len", ""},
	{"SETTINGS on a stream", sends(rawFrame(wire.Settings, 0, 1, "")), "GOAWAY last=1 PROTOCOL_ERROR", "frame_settings_has_stream", ""},
	{"SETTINGS of the wrong size", sends(rawFrame(wire.Settings, 0, 0, "12345")), "GOAWAY last=1 FRAME_SIZE_ERROR", "frame_settings_mod_6", ""},
	{"an acknowledgement with settings", sends(rawFrame(wire.Settings, wire.FlagAck, 0, "123456")), "GOAWAY last=1 FRAME_SIZE_ERROR", "frame_settings_ack_with_length", ""},
	{"an acknowledgement of nothing", sends(rawFrame(wire.Settings, wire.FlagAck, 0, "")), "GOAWAY last=1 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_ack_mystery", ""},
	{"SETTINGS with ENABLE_PUSH 2", sends(rawFrame(wire.Settings, 0, 0, "\x00\x02\x00\x00\x00\x02")), "GOAWAY last=1 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_setting_not_boolean", "P14"},
	{"SETTINGS with a window that is too large", sends(rawFrame(wire.Settings, 0, 0, "\x00\x04\x80\x00\x00\x00")), "GOAWAY last=1 FLOW_CONTROL_ERROR", "frame_settings_window_size_too_big", ""},
	{"SETTINGS with MAX_FRAME_SIZE 0", sends(rawFrame(wire.Settings, 0, 0, "\x00\x05\x00\x00\x00\x00")), "GOAWAY last=1 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_setting_max_frame_size", "P14"},
	{"SETTINGS with a hundred and one parameters", sends(rawFrame(wire.Settings, 0, 0, strings.Repeat("\x77\x77\x00\x00\x00\x00", 101))), "GOAWAY last=1 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_settings_big_or_dups", ""},
	{"SETTINGS that overflow a stream's window", sends(wire.AppendWindowUpdate(nil, 1, 1<<31-1-65535), rawFrame(wire.Settings, 0, 0, "\x00\x04\x00\x01\x00\x00")), "GOAWAY last=1 FLOW_CONTROL_ERROR", "conn_FLOW_CONTROL_ERROR_setting_win_size", "P16"},
	{"PUSH_PROMISE from a client", sends(rawFrame(wire.PushPromise, endHeaders, 1, "\x00\x00\x00\x02"+block)), "GOAWAY last=1 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_push_promise", ""},
	{"PING on a stream", sends(rawFrame(wire.Ping, 0, 1, "12345678")), "GOAWAY last=1 PROTOCOL_ERROR", "frame_ping_has_stream", ""},
	{"PING of the wrong size", sends(rawFrame(wire.Ping, 0, 0, "1234567")), "GOAWAY last=1 FRAME_SIZE_ERROR", "frame_ping_length", ""},
	{"GOAWAY on a stream", sends(rawFrame(wire.GoAway, 0, 1, "\x00\x00\x00\x00\x00\x00\x00\x00")), "GOAWAY last=1 PROTOCOL_ERROR", "frame_goaway_has_stream", ""},
	{"GOAWAY that is too short", sends(rawFrame(wire.GoAway, 0, 0, "\x00\x00")), "GOAWAY last=1 FRAME_SIZE_ERROR", "frame_goaway_short", ""},
	{"WINDOW_UPDATE of the wrong size", sends(rawFrame(wire.WindowUpdate, 0, 0, "\x00\x00")), "GOAWAY last=1 FRAME_SIZE_ERROR", "frame_windowupdate_bad_len", ""},
	{"WINDOW_UPDATE of 0 for the connection", sends(rawFrame(wire.WindowUpdate, 0, 0, "\x00\x00\x00\x00")), "GOAWAY last=1 PROTOCOL_ERROR", "frame_windowupdate_zero_inc_conn", ""},
	{"WINDOW_UPDATE of 0 for a stream", sends(rawFrame(wire.WindowUpdate, 0, 1, "\x00\x00\x00\x00")), "RST_STREAM 1 PROTOCOL_ERROR", "frame_windowupdate_zero_inc_stream", ""},
	{"WINDOW_UPDATE on an idle stream", sends(wire.AppendWindowUpdate(nil, 3, 1)), "GOAWAY last=1 PROTOCOL_ERROR", "conn_PROTOCOL_ERROR_stream_idle", "P15"},
	{"WINDOW_UPDATE that overflows the connection's", sends(wire.AppendWindowUpdate(nil, 0, 1<<31-1)), "GOAWAY last=1 FLOW_CONTROL_ERROR", "conn_FLOW_CONTROL_ERROR_bad_flow", "P14"},
	{"WINDOW_UPDATE that overflows a stream's", sends(wire.AppendWindowUpdate(nil, 1, 1<<31-1)), "RST_STREAM 1 FLOW_CONTROL_ERROR", "stream_FLOW_CONTROL_ERROR_bad_flow", ""},
	{"a frame that is too large", sends(wire.AppendHeader(nil, wire.Header{Type: wire.Data, StreamID: 1, Length: 1<<20 + 1})), "GOAWAY last=1 FRAME_SIZE_ERROR", "frame_too_large", "P14"},
	{"PRIORITY_UPDATE on a stream", sends(rawFrame(wire.PriorityUpdate, 0, 1, "\x00\x00\x00\x01u=1")), "GOAWAY last=1 PROTOCOL_ERROR", "frame_priority_update_non_zero_stream", ""},
	{"PRIORITY_UPDATE that is too short", sends(rawFrame(wire.PriorityUpdate, 0, 0, "\x00\x00")), "GOAWAY last=1 FRAME_SIZE_ERROR", "frame_priority_update_bad_length", ""},
	{"PRIORITY_UPDATE of stream 0", sends(rawFrame(wire.PriorityUpdate, 0, 0, "\x00\x00\x00\x00u=1")), "GOAWAY last=1 PROTOCOL_ERROR", "frame_priority_update_prioritizing_zero_stream", ""},
	{"PRIORITY_UPDATE that cannot be parsed", sends(rawFrame(wire.PriorityUpdate, 0, 0, "\x00\x00\x00\x01(u")), "RST_STREAM 1 PROTOCOL_ERROR", "stream_PROTOCOL_ERROR_unparsable_priority_update", "P17"},
	{"PRIORITY_UPDATE that cannot be parsed, for an idle stream", sends(rawFrame(wire.PriorityUpdate, 0, 0, "\x00\x00\x00\x05(u")), "", "", "P96"},
	{"unknown types", sends(rawFrame(0x0a, 0xff, 1, "x"), rawFrame(0x0f, 0xff, 3, ""), rawFrame(0xff, 0xff, 0, "x")), "", "", ""},
	{"reserved bits", sends(append([]byte{0, 0, 1, byte(wire.Data), 0, 0x80, 0, 0, 1}, 'x')), "", "", ""},
	{"an unknown setting", sends(rawFrame(wire.Settings, 0, 0, "\x77\x77\xff\xff\xff\xff")), "", "", ""},
	{"an unknown error code", sends(rawFrame(wire.RSTStream, 0, 1, "\xff\xff\xff\xff")), "", "", ""},
}

// firstError reports the first RST_STREAM or GOAWAY that comes, "" if PING is
// answered before, and "closed" if the connection ends.
func firstError(c net.Conn) string {
	fr := xhttp2.NewFramer(c, c)
	fr.WritePing(false, [8]byte{1})
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			return "closed"
		}
		switch f := f.(type) {
		case *xhttp2.RSTStreamFrame:
			return fmt.Sprintf("RST_STREAM %d %v", f.StreamID, f.ErrCode)
		case *xhttp2.GoAwayFrame:
			return fmt.Sprintf("GOAWAY last=%d %v", f.LastStreamID, f.ErrCode)
		case *xhttp2.PingFrame:
			return ""
		}
	}
}

// run runs the case on a server that serve starts.
func (tc serverErrorCase) run(t *testing.T, serve func(c *h2test.Conn, hs *http.Server, h http.Handler, count func(string))) (frame, count string) {
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		counted := new(eventLog)
		hs := &http.Server{ErrorLog: log.New(io.Discard, "", 0)}
		done := make(chan bool)
		go func() {
			defer close(done)
			serve(server, hs, serverMux(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), counted.add)
		}()
		p := h2test.NewPeer(t, client)
		p.Greet()
		twinPause()
		tc.send(p)
		twinPause()
		frame = firstError(client)
		client.Close()
		<-done
		count = strings.Join(counted.all(), " ")
	})
	return frame, count
}

func TestServerAnswersBrokenRulesWithTheirErrors(t *testing.T) {
	for _, tc := range serverErrors {
		t.Run(tc.name, func(t *testing.T) {
			frame, count := tc.run(t, func(c *h2test.Conn, hs *http.Server, h http.Handler, countError func(string)) {
				(&Server{CountError: countError}).ServeConn(c, &ServeConnOpts{BaseConfig: hs, Handler: h})
			})
			if frame != tc.frame || count != tc.count {
				t.Errorf("got %q, counted %q\nwant %q, counted %q", frame, count, tc.frame, tc.count)
			}
		})
	}
}

func TestServerErrorsAreUpstreams(t *testing.T) {
	for _, tc := range serverErrors {
		if (tc.patch == "P17" && onGo127) || (tc.patch == "P96" && !onGo127) {
			tc.patch = ""
		}
		t.Run(tc.name, func(t *testing.T) {
			frame, count := tc.run(t, func(c *h2test.Conn, hs *http.Server, h http.Handler, countError func(string)) {
				srv := &xhttp2.Server{CountError: countError}
				xhttp2.ConfigureServer(hs, srv)
				srv.ServeConn(c, &xhttp2.ServeConnOpts{Context: context.Background(), BaseConfig: hs, Handler: h})
			})
			same := frame == tc.frame && count == tc.count
			if _, known := serverDifferences[tc.patch]; same != (tc.patch == "") || known == same {
				t.Errorf("patch %q, and upstream does\n%q, counted %q\nours\n%q, counted %q", tc.patch, frame, count, tc.frame, tc.count)
			}
		})
	}
}
