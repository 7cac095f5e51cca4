package processes

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"

	"h2fork.example/net/internal/interop/stack"
	"h2fork.example/net/internal/wire"
)

// The server "stored" is no HTTP/2 server: where a request has ended it writes bytes that it has stored, from the
// goroutine that has read the end. It allocates nothing, hands nothing to another goroutine, looks at nothing that a
// field says, and drops what a body says. So it shows what is left for HTTP when a Go program has read and written.

const roleStored = "stored"

const (
	// storedInput is the size of a connection's buffer: as large as our server's at an upload.
	storedInput = 128 << 10

	// storedWindow is as much as a window may be (RFC 9113 §6.9.1). A connection's is given back by halves.
	storedWindow = 1<<31 - 1
)

func startStored(_ *Machine, s Setting) (*Process, error) {
	return startAnswering(storedSpec{Handed: false, TLS: s.TLS}, s)
}

// A storedSpec is what a child in this role does: "stored", or "handed".
type storedSpec struct {
	Handed, TLS bool
}

func startAnswering(spec storedSpec, s Setting) (*Process, error) {
	cmd, err := ChildCommand(roleStored, spec, s.Procs)
	if err != nil {
		return nil, err
	}
	return startAndAsk(cmd)
}

// serveStored serves until its input ends, after it has printed its URL.
func serveStored(spec storedSpec) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mode := stack.Protocols
	if spec.TLS {
		mode = stack.TLS
		cert, _ := stack.TestCertificate()
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}})
	}
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go answerConn(nc, spec.Handed)
		}
	}()
	fmt.Println(mode.Scheme() + "://" + l.Addr().String())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// answerConn answers what one connection brings, until it ends or brings something that h2load does not send.
func answerConn(nc net.Conn, handed bool) {
	defer nc.Close()
	if !handed {
		answerStored(nc, writes(nc))
		return
	}
	send, end := handsOver(nc)
	defer end()
	answerStored(nc, send)
}

// A sender sends what answers one read, and returns a buffer for what answers the next.
type sender func(out []byte) ([]byte, error)

// writes returns the sender that writes itself.
func writes(nc net.Conn) sender {
	return func(out []byte) ([]byte, error) {
		_, err := nc.Write(out)
		return out[:0], err
	}
}

// answerStored reads until the connection ends. What has come is answered before the next read.
func answerStored(nc net.Conn, send sender) {
	in := bufio.NewReaderSize(nc, storedInput)
	if _, err := in.Discard(len(wire.Preface)); err != nil {
		return
	}
	out := wire.AppendSettings(nil, wire.Setting{ID: wire.SettingInitialWindowSize, Val: storedWindow})
	out = wire.AppendWindowUpdate(out, 0, storedWindow-wire.DefaultWindow)
	taken := 0 // of the connection's window
	for {
		if in.Buffered() == 0 && len(out) > 0 {
			var err error
			if out, err = send(out); err != nil {
				return
			}
		}
		header, err := in.Peek(wire.HeaderLen)
		if err != nil {
			return
		}
		h := wire.ParseHeader(header)
		if h.Type == wire.Data {
			if taken += int(h.Length); taken > storedWindow/2 {
				out, taken = wire.AppendWindowUpdate(out, 0, uint32(taken)), 0
			}
		}
		if _, err := in.Discard(wire.HeaderLen + int(h.Length)); err != nil {
			return
		}
		out = appendStored(out, h)
	}
}

// status200 is a field section: RFC 7541's static table has it at index 8.
var status200 = []byte{0x88}

var storedBody = []byte(hello)

// appendStored appends what answers a frame.
func appendStored(out []byte, h wire.Header) []byte {
	switch {
	case (h.Type == wire.Headers || h.Type == wire.Data) && h.Flags.Has(wire.FlagEndStream):
		out = wire.AppendHeaders(out, wire.HeadersParam{StreamID: h.StreamID, EndHeaders: true, Fragment: status200})
		return wire.AppendData(out, h.StreamID, true, storedBody)
	case h.Type == wire.Settings && !h.Flags.Has(wire.FlagAck):
		return wire.AppendSettingsAck(out)
	}
	return out
}
