package http2

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// Field blocks around an entry that a dynamic table of 64 bytes has no room for,
// after what every request has or ":status: 204".
const (
	tableStatus = "\x89"
	tableUpdate = "\x3f\x21"      // a dynamic table size update to 64
	tableBeyond = "\x3f\x22"      // to 65
	tableAdds   = "\x40\x01x\x46" // x, literal with incremental indexing, and 70 bytes of value
	tableRefers = "\xbe"          // index 62
	tableValue  = "0123456789012345678901234567890123456789012345678901234567890123456789"
	smallTable  = uint32(64)
)

// A tableServer is a server with a table of 64 bytes, whose client acknowledges
// nothing by itself.
func tableServer(t *testing.T, script func(c *servedConn, request func(id uint32, block string))) {
	serving{srv: &Server{MaxDecoderHeaderTableSize: smallTable}, handler: answers204, silent: true}.run(t, func(c *servedConn) {
		c.Ignore(h2test.AnySettings)
		c.Raw([]byte(wire.Preface))
		c.Settings()
		script(c, func(id uint32, block string) {
			c.Raw(rawFrame(wire.Headers, endHeaders|endStream, id, block))
		})
	})
}

// P86.
func TestServerDecodesWithTheDefaultTableUntilASmallerOneIsAcknowledged(t *testing.T) {
	tableServer(t, func(c *servedConn, request func(uint32, string)) {
		request(1, block+tableAdds+tableValue)
		c.Want("RFC 9113 §4.3.1: the client does not know of the smaller table", noContent(1))
		request(3, block+tableRefers)
		c.Want("so it may refer to what the larger one holds", noContent(3))
		c.SettingsAck()
		request(5, tableUpdate+block)
		c.Want("the update is accepted", noContent(5))
		request(7, block)
		c.Want("one is enough", noContent(7))
		request(9, block+tableRefers)
		c.Want("the update has evicted the entry", h2test.GoAwayFrame(7, wire.CompressionError))
	})
}

func TestServerWantsASizeUpdateOnceASmallerTableIsAcknowledged(t *testing.T) {
	for name, first := range map[string]string{
		"none":                block,
		"one, but too late":   "\x82" + tableUpdate + block[1:],
		"one that is too big": tableBeyond + block,
	} {
		t.Run(name, func(t *testing.T) {
			tableServer(t, func(c *servedConn, request func(uint32, string)) {
				c.SettingsAck()
				request(1, first)
				c.Want("RFC 9113 §4.3.1", h2test.GoAwayFrame(0, wire.CompressionError))
			})
		})
	}
}

func TestSizeUpdateMayFollowAnEmptyFragment(t *testing.T) {
	tableServer(t, func(c *servedConn, _ func(uint32, string)) {
		c.SettingsAck()
		c.Raw(rawFrame(wire.Headers, endStream, 1, ""))
		c.Raw(rawFrame(wire.Continuation, endHeaders, 1, tableUpdate+block))
		c.Want("it is where the field block begins", noContent(1))
	})
}

func TestServerWantsNoSizeUpdateForALargerTable(t *testing.T) {
	serving{srv: &Server{MaxDecoderHeaderTableSize: 8192}, handler: answers204}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("nothing became smaller", noContent(1))
	})
}

// repeats is a block that is the same every time once what it says is in the
// dynamic table, which takes more than 64 bytes.
func repeats(t *testing.T, sentence string, f h2test.Frame, indexed bool) {
	t.Helper()
	if got := f.Length < 30; got != indexed {
		t.Errorf("%s: the field comes from the table: %v", sentence, got)
	}
}

func TestServerEncodesWithASmallerTableOnceItHasAcknowledgedIt(t *testing.T) {
	serving{handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X", tableValue)
		w.Header().Set("Date", "now")
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		next := func(id uint32) h2test.Frame {
			c.Request(id, h2test.EndStream)
			return c.nextHeaders()
		}
		repeats(t, "the first", next(1), false)
		repeats(t, "the second", next(3), true)
		c.Settings(wire.Setting{ID: wire.SettingHeaderTableSize, Val: smallTable})
		c.Want("SETTINGS are acknowledged", h2test.SettingsAckFrame())
		f := next(5)
		if !strings.HasPrefix(string(f.Payload), tableUpdate) {
			t.Errorf("RFC 9113 §4.3.1: the next field block begins with a size update, not with %x", f.Payload[:2])
		}
		repeats(t, "the third", f, false)
		repeats(t, "the fourth", next(7), false)
	})
}

func TestTransportEncodesWithASmallerTableOnceItHasAcknowledgedIt(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		next := func(id uint32) h2test.Frame {
			req := get("https://example.com/")
			req.Header.Set("X", tableValue)
			startTrip(t, c.cc, req)
			f := c.Next()
			c.Headers(id, h2test.EndStream, ":status", "204")
			return f
		}
		repeats(t, "the first", next(1), false)
		repeats(t, "the second", next(3), true)
		c.Settings(wire.Setting{ID: wire.SettingHeaderTableSize, Val: smallTable})
		c.Want("SETTINGS are acknowledged", h2test.SettingsAckFrame())
		f := next(5)
		if !strings.HasPrefix(string(f.Payload), tableUpdate) {
			t.Errorf("RFC 9113 §4.3.1: the next field block begins with a size update, not with %x", f.Payload[:2])
		}
		repeats(t, "the third", f, false)
	})
}

func TestTransportWantsASizeUpdateOnceASmallerTableIsAcknowledged(t *testing.T) {
	for _, update := range []bool{true, false} {
		withSilentConn(t, &Transport{MaxDecoderHeaderTableSize: smallTable}, func(c *connected) {
			c.Ignore(h2test.AnySettings)
			respond := func(id uint32, block string) {
				c.Raw(rawFrame(wire.Headers, endHeaders|endStream, id, block))
			}
			io.ReadFull(c.server, make([]byte, len(wire.Preface)))
			c.Settings()
			for id, block := range []string{tableStatus + tableAdds + tableValue, tableStatus + tableRefers} {
				k := c.roundTrip("/")
				settled()
				respond(uint32(2*id+1), block)
				if got := k.response().Header.Get("X"); got != tableValue {
					t.Errorf("the field is %q", got)
				}
			}
			c.SettingsAck()
			k := c.roundTrip("/")
			settled()
			respond(5, strings.Repeat(tableUpdate, map[bool]int{true: 1}[update])+tableStatus)
			if update {
				k.response()
			} else if err := k.failure(); !errors.Is(err, ConnectionError(ErrCodeCompression)) {
				t.Errorf("RoundTrip: %v", err)
			}
		})
	}
}
