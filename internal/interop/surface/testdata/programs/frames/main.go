// Frames writes a client's side of a connection and shows what is on the wire, well-formed and not.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

func main() {
	var wire bytes.Buffer
	fr := http2.NewFramer(&wire, &wire)
	if err := write(fr); err != nil {
		log.Fatal(err)
	}
	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	fr.MaxHeaderListSize = 1 << 16
	fr.SetMaxReadFrameSize(1 << 14)
	fr.SetReuseFrames()
	for {
		f, err := fr.ReadFrame()
		var streamErr http2.StreamError
		switch {
		case err == io.EOF:
			return
		case errors.As(err, &streamErr):
			fmt.Println(err, fr.ErrorDetail() != nil)
		case err != nil:
			fmt.Println(err)
			return
		default:
			show(f)
		}
	}
}

func write(fr *http2.Framer) error {
	fr.AllowIllegalWrites = true
	block := encode(":method", "POST", ":scheme", "https", ":authority", "example.com", ":path", "/", "te", "trailers")
	return errors.Join(
		fr.WriteSettings(
			http2.Setting{ID: http2.SettingEnablePush, Val: 0},
			http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1 << 14},
		),
		fr.WriteSettingsAck(),
		fr.WriteHeaders(http2.HeadersFrameParam{
			StreamID:      1,
			BlockFragment: block[:8],
			PadLength:     3,
			Priority:      http2.PriorityParam{StreamDep: 0, Exclusive: true, Weight: 200},
		}),
		fr.WriteContinuation(1, true, block[8:]),
		fr.WriteData(1, false, []byte("content")),
		fr.WriteDataPadded(1, true, nil, []byte{0, 0}),
		fr.WritePriority(3, http2.PriorityParam{StreamDep: 1, Weight: 15}),
		fr.WritePing(true, [8]byte{1, 2, 3}),
		fr.WriteRawFrame(0xfa, 0x55, 1, []byte("greased")),
		fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 5, EndHeaders: true, BlockFragment: encode("Upper", "case")}),
		fr.WriteRSTStream(5, http2.ErrCodeProtocol),
		fr.WriteGoAway(0, http2.ErrCodeNo, []byte("bye")),
		fr.WriteWindowUpdate(0, 0),
	)
}

func encode(pairs ...string) []byte {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for i := 0; i < len(pairs); i += 2 {
		enc.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return block.Bytes()
}

func show(f http2.Frame) {
	fmt.Print(f.Header(), " ")
	switch f := f.(type) {
	case *http2.SettingsFrame:
		f.ForeachSetting(func(s http2.Setting) error {
			fmt.Print(s, s.Valid(), " ")
			return nil
		})
		fmt.Println(f.IsAck(), f.NumSettings(), f.HasDuplicates())
	case *http2.MetaHeadersFrame:
		fmt.Println(f.Priority, f.StreamEnded(), f.Truncated, f.PseudoValue("authority"), f.RegularFields())
	case *http2.DataFrame:
		fmt.Printf("%q %v\n", f.Data(), f.StreamEnded())
	case *http2.PriorityFrame:
		fmt.Println(f.StreamDep, f.Exclusive, f.Weight)
	case *http2.PingFrame:
		fmt.Println(f.IsAck(), f.Data)
	case *http2.RSTStreamFrame:
		fmt.Println(f.ErrCode)
	case *http2.GoAwayFrame:
		fmt.Printf("%d %v %q\n", f.LastStreamID, f.ErrCode, f.DebugData())
	case *http2.UnknownFrame:
		fmt.Printf("%q\n", f.Payload())
	}
}
