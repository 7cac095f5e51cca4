package app

import (
	"bytes"
	"fmt"
	"io"
	"net"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// probe sends one GET request over conn and returns the response's status and body.
func probe(conn net.Conn, authority string) (status, body string, err error) {
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		return "", "", err
	}
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if err := framer.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0}); err != nil {
		return "", "", err
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", authority}, {":path", "/"}} {
		if err := encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
			return "", "", err
		}
	}
	request := http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true}
	if err := framer.WriteHeaders(request); err != nil {
		return "", "", err
	}
	return readResponse(framer)
}

func readResponse(framer *http2.Framer) (status, body string, err error) {
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return "", "", err
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				if err := framer.WriteSettingsAck(); err != nil {
					return "", "", err
				}
			}
		case *http2.MetaHeadersFrame:
			status = frame.PseudoValue("status")
			if frame.StreamEnded() {
				return status, body, nil
			}
		case *http2.DataFrame:
			body += string(frame.Data())
			if frame.StreamEnded() {
				return status, body, nil
			}
		case *http2.RSTStreamFrame:
			return "", "", http2.StreamError{StreamID: frame.StreamID, Code: frame.ErrCode}
		case *http2.GoAwayFrame:
			return "", "", fmt.Errorf("GOAWAY %v: %s", frame.ErrCode, frame.DebugData())
		}
	}
}
