package http2_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"

	"h2fork.example/net/hpack"
	"h2fork.example/net/http2"
)

func ExampleFramer() {
	var wire bytes.Buffer
	fr := http2.NewFramer(&wire, &wire)
	if err := errors.Join(
		fr.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20}),
		fr.WriteWindowUpdate(0, 1<<20),
		fr.WritePing(false, [8]byte{'h', 'e', 'l', 'l', 'o'}),
		fr.WritePriorityUpdate(1, "u=1, i"),
		fr.WriteData(1, false, []byte("some content")),
		fr.WriteDataPadded(1, true, []byte("and the rest"), make([]byte, 100)),
		fr.WriteRSTStream(3, http2.ErrCodeCancel),
		fr.WriteGoAway(5, http2.ErrCodeNo, []byte("good night")),
	); err != nil {
		log.Fatal(err)
	}

	for {
		f, err := fr.ReadFrame()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v, %d bytes: ", f.Header().Type, f.Header().Length)
		switch f := f.(type) { // valid until the next ReadFrame
		case *http2.SettingsFrame:
			window, ok := f.Value(http2.SettingInitialWindowSize)
			fmt.Println(f.IsAck(), window, ok)
		case *http2.WindowUpdateFrame:
			fmt.Println(f.Increment)
		case *http2.PingFrame:
			fmt.Println(f.IsAck(), string(f.Data[:5]))
		case *http2.PriorityUpdateFrame:
			fmt.Println(f.PrioritizedStreamID, f.Priority)
		case *http2.DataFrame:
			fmt.Printf("%s, end of stream: %v\n", f.Data(), f.StreamEnded())
		case *http2.RSTStreamFrame:
			fmt.Println(f.StreamID, f.ErrCode)
		case *http2.GoAwayFrame:
			fmt.Println(f.LastStreamID, f.ErrCode, string(f.DebugData()))
		}
	}
	// Output:
	// SETTINGS, 6 bytes: false 1048576 true
	// WINDOW_UPDATE, 4 bytes: 1048576
	// PING, 8 bytes: false hello
	// PRIORITY_UPDATE, 10 bytes: 1 u=1, i
	// DATA, 12 bytes: some content, end of stream: false
	// DATA, 113 bytes: and the rest, end of stream: true
	// RST_STREAM, 4 bytes: 3 CANCEL
	// GOAWAY, 18 bytes: 5 NO_ERROR good night
}

// With ReadMetaHeaders, a field section is read as one frame, decoded and checked, however many frames it came in.
func ExampleFramer_readMetaHeaders() {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, f := range []hpack.HeaderField{
		{Name: ":method", Value: "GET"},
		{Name: ":scheme", Value: "https"},
		{Name: ":authority", Value: "example.com"},
		{Name: ":path", Value: "/"},
		{Name: "accept", Value: "text/html"},
	} {
		if err := enc.WriteField(f); err != nil {
			log.Fatal(err)
		}
	}

	var wire bytes.Buffer
	fr := http2.NewFramer(&wire, &wire)
	if err := errors.Join(
		fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndStream: true, BlockFragment: block.Next(10)}),
		fr.WriteContinuation(1, true, block.Bytes()),
	); err != nil {
		log.Fatal(err)
	}

	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	fr.MaxHeaderListSize = 64 << 10
	f, err := fr.ReadFrame()
	if err != nil {
		log.Fatal(err)
	}
	mh := f.(*http2.MetaHeadersFrame)
	fmt.Println("stream", mh.StreamID, "ended:", mh.StreamEnded(), "truncated:", mh.Truncated)
	fmt.Println(mh.PseudoValue("method"), mh.PseudoValue("authority"), mh.PseudoValue("path"))
	for _, f := range mh.RegularFields() {
		fmt.Printf("%s: %s\n", f.Name, f.Value)
	}
	// Output:
	// stream 1 ended: true truncated: false
	// GET example.com /
	// accept: text/html
}

// A StreamError leaves the connection usable. What is wrong, beyond its code, is ErrorDetail.
func ExampleFramer_ErrorDetail() {
	var block, wire bytes.Buffer
	enc := hpack.NewEncoder(&block)
	if err := enc.WriteField(hpack.HeaderField{Name: "Accept", Value: "text/html"}); err != nil {
		log.Fatal(err)
	}
	fr := http2.NewFramer(&wire, &wire)
	if err := errors.Join(
		fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, BlockFragment: block.Bytes()}),
		fr.WritePing(false, [8]byte{}),
	); err != nil {
		log.Fatal(err)
	}

	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_, err := fr.ReadFrame()
	var streamErr http2.StreamError
	if errors.As(err, &streamErr) {
		fmt.Println("reset stream", streamErr.StreamID, "with", streamErr.Code)
		fmt.Println("because:", fr.ErrorDetail())
	}

	f, err := fr.ReadFrame()
	fmt.Println("then", f.Header().Type, err)
	// Output:
	// reset stream 1 with PROTOCOL_ERROR
	// because: invalid header field name "Accept"
	// then PING <nil>
}

// After a ConnectionError nothing more can be read: the peer is told why in a GOAWAY frame.
func ExampleConnectionError() {
	var wire, reply bytes.Buffer
	fr := http2.NewFramer(&reply, &wire)
	peer := http2.NewFramer(&wire, nil)
	peer.AllowIllegalWrites = true
	if err := peer.WriteWindowUpdate(0, 0); err != nil {
		log.Fatal(err)
	}

	_, err := fr.ReadFrame()
	fmt.Println(err)
	var connErr http2.ConnectionError
	if errors.As(err, &connErr) {
		if err := fr.WriteGoAway(0, http2.ErrCode(connErr), nil); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("% x\n", reply.Bytes())
	// Output:
	// connection error: PROTOCOL_ERROR
	// 00 00 08 07 00 00 00 00 00 00 00 00 00 00 00 00 01
}

// A frame that is too large stays where it is: its header is read, its payload is not.
func ExampleFramer_SetMaxReadFrameSize() {
	var wire bytes.Buffer
	fr := http2.NewFramer(&wire, &wire)
	if err := fr.WriteData(1, true, make([]byte, 20000)); err != nil {
		log.Fatal(err)
	}

	fr.SetMaxReadFrameSize(16384) // what SETTINGS_MAX_FRAME_SIZE is at first
	_, err := fr.ReadFrame()
	fmt.Println(err, errors.Is(err, http2.ErrFrameTooLarge))
	// Output: http2: frame too large true
}

// ReadFrameHeader lets a program decide about a payload before it reads it.
func ExampleFramer_ReadFrameHeader() {
	var wire bytes.Buffer
	fr := http2.NewFramer(&wire, &wire)
	if err := errors.Join(
		fr.WriteData(1, true, []byte("not of interest")),
		fr.WriteRSTStream(3, http2.ErrCodeRefusedStream),
	); err != nil {
		log.Fatal(err)
	}

	for wire.Len() > 0 {
		fh, err := fr.ReadFrameHeader()
		if err != nil {
			log.Fatal(err)
		}
		if fh.Type == http2.FrameData {
			wire.Next(int(fh.Length))
			fmt.Println("skipped", fh.Length, "bytes of stream", fh.StreamID)
			continue
		}
		f, err := fr.ReadFrameForHeader(fh)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(f.(*http2.RSTStreamFrame).ErrCode)
	}
	// Output:
	// skipped 15 bytes of stream 1
	// REFUSED_STREAM
}

// Frames of types that the package does not know pass through it as they are.
func ExampleFramer_WriteRawFrame() {
	const altSvc = http2.FrameType(0xa) // RFC 7838 §4
	var wire bytes.Buffer
	fr := http2.NewFramer(&wire, &wire)
	if err := fr.WriteRawFrame(altSvc, 0, 1, []byte("\x00\x00h3=\":443\"")); err != nil {
		log.Fatal(err)
	}

	f, err := fr.ReadFrame()
	if err != nil {
		log.Fatal(err)
	}
	if f, ok := f.(*http2.UnknownFrame); ok && f.Type == altSvc {
		fmt.Printf("%s\n", f.Payload()[2:])
	}
	// Output: h3=":443"
}

// ReadFrameHeader needs no Framer. Here it prints what goes by on a connection.
func ExampleReadFrameHeader() {
	var wire bytes.Buffer
	fr := http2.NewFramer(&wire, nil)
	if err := errors.Join(
		fr.WriteSettings(),
		fr.WriteData(1, false, []byte("abc")),
		fr.WriteData(1, true, nil),
	); err != nil {
		log.Fatal(err)
	}

	for {
		fh, err := http2.ReadFrameHeader(&wire)
		if err == io.EOF {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(fh)
		if fh.Type == http2.FrameData && fh.Flags.Has(http2.FlagDataEndStream) {
			fmt.Println("stream", fh.StreamID, "has ended")
		}
		if _, err := io.CopyN(io.Discard, &wire, int64(fh.Length)); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// [FrameHeader SETTINGS len=0]
	// [FrameHeader DATA stream=1 len=3]
	// [FrameHeader DATA flags=END_STREAM stream=1 len=0]
	// stream 1 has ended
}

func ExampleSettingsFrame_ForeachSetting() {
	var wire bytes.Buffer
	fr := http2.NewFramer(&wire, &wire)
	if err := fr.WriteSettings(
		http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 100},
		http2.Setting{ID: http2.SettingEnablePush, Val: 2},
		http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1 << 20},
	); err != nil {
		log.Fatal(err)
	}

	f, err := fr.ReadFrame()
	if err != nil {
		log.Fatal(err)
	}
	err = f.(*http2.SettingsFrame).ForeachSetting(func(s http2.Setting) error {
		fmt.Println(s)
		return s.Valid()
	})
	fmt.Println(err)
	// Output:
	// [MAX_CONCURRENT_STREAMS = 100]
	// [ENABLE_PUSH = 2]
	// connection error: PROTOCOL_ERROR
}

func ExampleSetting_Valid() {
	for _, s := range []http2.Setting{
		{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1},
		{ID: http2.SettingInitialWindowSize, Val: 1 << 31},
		{ID: http2.SettingMaxFrameSize, Val: 1000},
		{ID: 0xf000, Val: 1}, // settings that aren't known are ignored
	} {
		fmt.Println(s, s.Valid())
	}
	// Output:
	// [INITIAL_WINDOW_SIZE = 2147483647] <nil>
	// [INITIAL_WINDOW_SIZE = 2147483648] connection error: FLOW_CONTROL_ERROR
	// [MAX_FRAME_SIZE = 1000] connection error: PROTOCOL_ERROR
	// [UNKNOWN_SETTING_61440 = 1] <nil>
}
