package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/net/http2"
)

// The server "stored" is no HTTP/2 server: where a HEADERS frame has come it writes bytes that it has stored, from the
// goroutine that has read the frame. It allocates nothing, hands nothing to another goroutine and looks at nothing that a
// field says. So it shows what is left for HTTP when a Go program has read and written: no server that
// reads and writes as Go programs do can need less.

const roleStored = "stored"

// storedInput is the size of a connection's buffer: it holds the frames of a request.
const storedInput = 4 << 10

func startStored(_ *machine, s setting) (*process, error) {
	cmd, err := childCommand(roleStored, struct{}{}, s.procs)
	if err != nil {
		return nil, err
	}
	return startAndAsk(cmd)
}

// serveStored serves until its input ends, after it has printed its URL.
func serveStored(struct{}) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go answerStored(nc)
		}
	}()
	fmt.Println("http://" + l.Addr().String())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// answerStored answers what one connection brings, until it ends or brings something that h2load does not send.
func answerStored(nc net.Conn) {
	defer nc.Close()
	in := bufio.NewReaderSize(nc, storedInput)
	if _, err := in.Discard(len(http2.ClientPreface)); err != nil {
		return
	}
	out := appendFrame(nil, http2.FrameSettings, 0, 0, "")
	for {
		// What has come is answered with one write before the next read.
		if in.Buffered() == 0 && len(out) > 0 {
			if _, err := nc.Write(out); err != nil {
				return
			}
			out = out[:0]
		}
		header, err := in.Peek(frameHeaderLen)
		if err != nil {
			return
		}
		length := int(header[0])<<16 | int(header[1])<<8 | int(header[2])
		out = appendStored(out, http2.FrameType(header[3]), http2.Flags(header[4]), binary.BigEndian.Uint32(header[5:]))
		if _, err := in.Discard(frameHeaderLen + length); err != nil {
			return
		}
	}
}

const frameHeaderLen = 9

// status200 is a field section: RFC 7541's static table has it at index 8.
const status200 = "\x88"

// appendStored appends what answers a frame.
func appendStored(out []byte, typ http2.FrameType, flags http2.Flags, stream uint32) []byte {
	switch {
	case typ == http2.FrameHeaders:
		out = appendFrame(out, http2.FrameHeaders, http2.FlagHeadersEndHeaders, stream, status200)
		return appendFrame(out, http2.FrameData, http2.FlagDataEndStream, stream, hello)
	case typ == http2.FrameSettings && !flags.Has(http2.FlagSettingsAck):
		return appendFrame(out, http2.FrameSettings, http2.FlagSettingsAck, 0, "")
	}
	return out
}

func appendFrame(out []byte, typ http2.FrameType, flags http2.Flags, stream uint32, payload string) []byte {
	n := len(payload)
	out = append(out, byte(n>>16), byte(n>>8), byte(n), byte(typ), byte(flags))
	out = binary.BigEndian.AppendUint32(out, stream)
	return append(out, payload...)
}
