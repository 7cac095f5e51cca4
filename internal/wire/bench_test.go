package wire

import "testing"

// sink keeps the compiler from dropping results that are not used.
var sink any

// BenchmarkAppend appends the frames that a connection consists of.
func BenchmarkAppend(b *testing.B) {
	fragment := []byte("\x88\x5f\x0btext/plain;\xbf\xbe\xbd")
	chunk := make([]byte, DefaultMaxFrameSize)
	for _, c := range []struct {
		name   string
		append func(dst []byte) []byte
	}{
		{"DATA of 13 bytes", func(dst []byte) []byte { return AppendData(dst, 1, true, chunk[:13]) }},
		{"DATA of 16 KiB", func(dst []byte) []byte { return AppendData(dst, 1, false, chunk) }},
		{"DATA header", func(dst []byte) []byte { return AppendDataHeader(dst, 1, false, len(chunk)) }},
		{"HEADERS", func(dst []byte) []byte {
			return AppendHeaders(dst, HeadersParam{StreamID: 1, EndHeaders: true, Fragment: fragment})
		}},
		{"SETTINGS", func(dst []byte) []byte {
			return AppendSettings(dst, Setting{SettingMaxFrameSize, 1 << 14}, Setting{SettingInitialWindowSize, 1 << 20})
		}},
		{"RST_STREAM", func(dst []byte) []byte { return AppendRSTStream(dst, 1, Cancel) }},
		{"PING", func(dst []byte) []byte { return AppendPing(dst, true, [8]byte{1}) }},
		{"WINDOW_UPDATE", func(dst []byte) []byte { return AppendWindowUpdate(dst, 1, 1<<14) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			dst := make([]byte, 0, HeaderLen+DefaultMaxFrameSize)
			b.SetBytes(int64(len(c.append(dst))))
			b.ReportAllocs()
			for b.Loop() {
				dst = c.append(dst[:0])
			}
		})
	}
}

// BenchmarkParse parses them, header and payload.
func BenchmarkParse(b *testing.B) {
	for _, c := range []struct {
		name  string
		frame []byte
		parse func(h Header, p []byte) error
	}{
		{"DATA", AppendData(nil, 1, true, make([]byte, 13)), func(h Header, p []byte) error {
			_, err := ParseData(h, p)
			return err
		}},
		{"DATA, padded", AppendDataPadded(nil, 1, true, make([]byte, 13), make([]byte, 5)), func(h Header, p []byte) error {
			_, err := ParseData(h, p)
			return err
		}},
		{"HEADERS", AppendHeaders(nil, HeadersParam{StreamID: 1, EndHeaders: true, Fragment: make([]byte, 20)}), func(h Header, p []byte) error {
			_, err := ParseHeaders(h, p)
			return err
		}},
		{"HEADERS with priority", AppendHeaders(nil, HeadersParam{StreamID: 1, EndHeaders: true, HasPriority: true, Fragment: make([]byte, 20)}), func(h Header, p []byte) error {
			_, err := ParseHeaders(h, p)
			return err
		}},
		{"SETTINGS", AppendSettings(nil, Setting{SettingMaxFrameSize, 1 << 14}, Setting{SettingInitialWindowSize, 1 << 20}), func(h Header, p []byte) error {
			f, err := ParseSettings(h, p)
			for i := range f.Len() {
				if err := f.At(i).Valid(); err != nil {
					return err
				}
			}
			return err
		}},
		{"RST_STREAM", AppendRSTStream(nil, 1, Cancel), func(h Header, p []byte) error {
			_, err := ParseRSTStream(h, p)
			return err
		}},
		{"PING", AppendPing(nil, false, [8]byte{1}), func(h Header, p []byte) error {
			_, _, err := ParsePing(h, p)
			return err
		}},
		{"WINDOW_UPDATE", AppendWindowUpdate(nil, 1, 1<<14), func(h Header, p []byte) error {
			_, err := ParseWindowUpdate(h, p)
			return err
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.parse(ParseHeader(c.frame), c.frame[HeaderLen:]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkError is the price of a frame that is in error: an attacker's to choose.
func BenchmarkError(b *testing.B) {
	frame := AppendRSTStream(nil, 0, Cancel)
	b.ReportAllocs()
	for b.Loop() {
		_, sink = ParseRSTStream(ParseHeader(frame), frame[HeaderLen:])
	}
}
