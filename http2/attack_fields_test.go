package http2

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// endless are field sections that never end: how they begin, and what each
// CONTINUATION frame adds.
var endless = []struct{ name, begin, fragment, why string }{
	{"with fields", "", "\x00\x01a\x7f\x81\x07" + strings.Repeat("x", 1024), "headers_flood"},
	{"with references", "", strings.Repeat("\x82", 16000), "headers_flood"},
	{"with a string", "\x00\x01a\x7f\x80\x9c\x01", strings.Repeat("x", 8000), "headers_flood"},
	{"with a string of any length", "", "\x00\x01a\x7f\xff\xff\xff\xff\x07" + strings.Repeat("x", 1024), "header_string_too_long"},
	{"by the byte", "", "\x82", "too_many_idle_frames"},
	{"with nothing", "", "", "too_many_idle_frames"},
}

// wantCutOff continues the field section that was begun on stream 1 until the
// server has had enough.
func (c *servedConn) wantCutOff(fragment, why string, limit int) {
	c.t.Helper()
	frame := rawFrame(wire.Continuation, 0, 1, fragment)
	sent := 0
	for len(c.counted.all()) == 0 && sent < 4*limit {
		c.write(frame)
		sent += len(frame)
		settled()
	}
	c.wantSentAway(why)
	if sent > limit {
		c.t.Errorf("%d bytes were read before", sent)
	}
}

// CVE-2023-45288, CONTINUATION flood.
func TestServerEndsAConnectionThatContinuesAFieldSectionForEver(t *testing.T) {
	for _, test := range endless {
		t.Run(test.name, func(t *testing.T) {
			serving{hs: &http.Server{MaxHeaderBytes: 60000}}.withBystander(t, func(c *servedConn) {
				c.Raw(rawFrame(wire.Headers, 0, 1, block+test.begin))
				c.wantCutOff(test.fragment, test.why, 200000)
			})
		})
	}
}

func TestServerEndsAConnectionThatContinuesTrailersForEver(t *testing.T) {
	for _, test := range endless {
		t.Run(test.name, func(t *testing.T) {
			serving{hs: &http.Server{MaxHeaderBytes: 60000}, handler: untilDone}.withBystander(t, func(c *servedConn) {
				openPost(c)
				c.Raw(rawFrame(wire.Headers, endStream, 1, test.begin))
				c.wantCutOff(test.fragment, test.why, 200000)
			})
		})
	}
}

func TestServerResetsAStreamWhoseTrailersAreTooLarge(t *testing.T) {
	var err error
	serving{hs: &http.Server{MaxHeaderBytes: 10000}, handler: func(w http.ResponseWriter, r *http.Request) {
		_, err = io.ReadAll(r.Body)
		if len(r.Trailer["X"]) > 0 {
			t.Errorf("the handler has %d trailers of them", len(r.Trailer["X"]))
		}
	}}.withBystander(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST", "trailer", "x")
		settled()
		var trailers []string
		for range 100 {
			trailers = append(trailers, "x", strings.Repeat("x", 100))
		}
		c.Headers(1, h2test.EndStream, trailers...)
		c.Want("some of them were cut off", h2test.RSTStreamFrame(1, wire.ProtocolError))
		settled()
		if want := (StreamError{StreamID: 1, Code: ErrCodeProtocol}); !errors.Is(err, want) {
			t.Errorf("the body's end is %v, want %v", err, want)
		}
		c.counted.want(t, "it is counted", "stream_PROTOCOL_ERROR_header_list_too_large")
		c.Request(3, h2test.EndStream, ":path", "/served", "x", strings.Repeat("x", 100))
		c.Want("the decoder has kept in step", noContent(3))
	})
}

// CVE-2026-49975, "HTTP/2 bomb".
func TestServerCountsFieldsAtTheirFullSize(t *testing.T) {
	serving{
		hs:      &http.Server{MaxHeaderBytes: 100000},
		handler: func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") },
	}.withBystander(t, func(c *servedConn) {
		// One field of 4,000 bytes in the table, and a thousand references to it.
		bomb := block + "\x40\x01b\x7f\xa1\x1e" + strings.Repeat("x", 4000) + strings.Repeat("\xbe", 1000)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c.Raw(rawFrame(wire.Headers, endHeaders|endStream, 1, bomb))
		c.Want("the list is too large, however small it is on the wire", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "431"))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
			t.Errorf("%d bytes were allocated", n)
		}
		c.Next() // the body
		c.wantServed(3)
	})
}

// A cookie's crumbs are joined, so that what they refer to is not only counted but
// copied. A section may not expand like that, whatever the limit.
func TestServerRefusesFieldsThatExpandBeyondReason(t *testing.T) {
	for name, literal := range map[string]string{
		"a field": "\x40\x01b",
		"cookies": "\x60", // with the name from the static table
	} {
		t.Run(name, func(t *testing.T) {
			var got int
			serving{handler: func(w http.ResponseWriter, r *http.Request) {
				got = len(r.Header.Get("Cookie")) + len(r.Header["B"])
				w.WriteHeader(204)
			}}.withBystander(t, func(c *servedConn) {
				c.Raw(rawFrame(wire.Headers, endHeaders|endStream, 1, block+literal+"\x7f\xa1\x1e"+strings.Repeat("x", 4000)))
				c.Want("a large field is fine", noContent(1))
				c.Raw(rawFrame(wire.Headers, endHeaders|endStream, 3, block+strings.Repeat("\xbe", 10)))
				c.Want("ten references to it are too", noContent(3))
				if got == 0 {
					t.Error("the handler has not seen them")
				}
				c.Raw(rawFrame(wire.Headers, endHeaders|endStream, 5, block+strings.Repeat("\xbe", 200)))
				c.Want("hundreds are not, though there is room", h2test.HeadersWith(5, h2test.KeepOpen, ":status", "431"))
				c.Next() // the body
			})
		})
	}
}

// Whoever refers to each entry of the dynamic table once, and to the static table
// as often as there is room, expands within reason.
func TestServerTakesFieldsThatAreAllReferences(t *testing.T) {
	serving{srv: &Server{MaxDecoderHeaderTableSize: 64 << 10}, hs: anyNumberOfValues()}.withBystander(t, func(c *servedConn) {
		const entries = 55
		references := strings.Repeat("\x90", 10000) // accept-encoding: gzip, deflate
		for i := range byte(entries) {
			references += string([]byte{0xbe + i})
		}
		entry := "\x40\x01b\x7f\xc9\x07" + strings.Repeat("x", 1096)
		c.Raw(rawFrame(wire.Headers, endHeaders|endStream, 1, served+strings.Repeat(entry, entries)))
		c.Want("the table is filled", noContent(1))
		c.Raw(rawFrame(wire.Headers, endHeaders|endStream, 3, served+references))
		c.Want("and used", noContent(3))
	})
}

// served is block for what wantServed asks for.
const served = "\x82\x87\x04\x07/served\x01\x01a"

// A field costs 32 octets however short it is (RFC 9113 §6.5.2), and a cookie's
// crumbs count before they are joined.
func TestServerCountsFieldsThatAreNextToNothing(t *testing.T) {
	for name, reference := range map[string]string{
		"empty fields":  "\x00\x01a\x00",
		"static fields": "\x90",         // accept-encoding: gzip, deflate
		"cookie crumbs": "\x0f\x11\x00", // cookie without a value
	} {
		t.Run(name, func(t *testing.T) {
			serving{
				hs:      &http.Server{MaxHeaderBytes: 100000},
				handler: func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") },
			}.withBystander(t, func(c *servedConn) {
				c.Raw(rawFrame(wire.Headers, endHeaders|endStream, 1, block+strings.Repeat(reference, 3200)))
				c.Want("too many", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "431"))
				c.Next() // the body
				c.wantServed(3)
			})
		})
	}
}

// "Trailer: header amplification".
func TestServerBoundsTheTrailersThatARequestDeclares(t *testing.T) {
	var declared int
	serving{hs: anyNumberOfValues(), handler: func(w http.ResponseWriter, r *http.Request) {
		declared = len(r.Trailer)
		w.WriteHeader(204)
	}}.withBystander(t, func(c *servedConn) {
		var keys strings.Builder
		for i := range 20000 {
			fmt.Fprintf(&keys, ",%d", i)
		}
		c.Request(1, h2test.KeepOpen, ":method", "POST", "trailer", keys.String(), "trailer", keys.String())
		c.Want("it is served", h2test.HeadersWith(1, h2test.EndStream, ":status", "204"))
		if declared == 0 || declared > 256 {
			t.Errorf("%d trailers are declared", declared)
		}
	})
}

// The writer owns the table that responses are compressed with: its size may
// change while they are sent.
func TestServerEncodesInStepWithATableThatChangesAllTheTime(t *testing.T) {
	serving{srv: &Server{MaxConcurrentStreams: 1000}, handler: func(w http.ResponseWriter, r *http.Request) {
		for i := range 10 {
			w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat(r.URL.Path, 10))
		}
		w.WriteHeader(204)
	}}.withBystander(t, func(c *servedConn) {
		c.Ignore(h2test.AnySettings)
		for id := uint32(1); id < 1000; id += 2 {
			c.Settings(wire.Setting{ID: wire.SettingHeaderTableSize, Val: []uint32{0, 1 << 30, 100, 4096}[id/2%4]})
			path := fmt.Sprintf("/%d", id%7)
			c.Request(id, h2test.EndStream, ":path", path)
			if id%5 > 0 {
				continue // several at a time
			}
			c.Settings(wire.Setting{ID: wire.SettingHeaderTableSize, Val: 0}, wire.Setting{ID: wire.SettingHeaderTableSize, Val: 1000})
		}
		got := 0
		for range 500 {
			f := c.nextHeaders()
			want := h2test.Fields("x-0", strings.Repeat(fmt.Sprintf("/%d", f.StreamID%7), 10))[0]
			if slices.Contains(f.Fields, want) {
				got++
			}
		}
		if got != 500 {
			t.Errorf("%d of 500 responses are what they should be", got)
		}
	})
}
