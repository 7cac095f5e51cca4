package load

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"net/url"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// A bareClient is no HTTP/2 client: it writes a stored request from the goroutine that wants the answer, and its reader
// wakes that goroutine when a stream has ended. It looks at nothing that a field says, and makes one request at a time. So
// it shows what is left for HTTP when a Go client has written, read, and handed the answer over.
type bareClient struct {
	nc     net.Conn
	fields []byte // a field section that leaves the server's table alone
	id     uint32
	out    []byte
	ended  chan struct{} // one for each stream; closed when the connection has ended
}

// bareInput is the size of the connection's buffer, and so of the largest frame that may come.
const bareInput = 32 << 10

func newBareClient(u *url.URL) (*bareClient, error) {
	nc, err := net.Dial("tcp", u.Host)
	if err != nil {
		return nil, err
	}
	c := &bareClient{nc: nc, fields: bareFields(u), ended: make(chan struct{}, 1)}
	c.id = ^uint32(0) // the first is 1
	out := wire.AppendSettings([]byte(wire.Preface))
	out = wire.AppendWindowUpdate(out, 0, 1<<31-1-wire.DefaultWindow) // enough for 160 million answers
	if _, err := nc.Write(out); err != nil {
		return nil, err
	}
	go c.read()
	return c, nil
}

// bareFields is the request's field section. What is sensitive is not put into a table, so that it can be sent again.
func bareFields(u *url.URL) []byte {
	var b bytes.Buffer
	enc := hpack.NewEncoder(&b)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", u.Scheme}, {":authority", u.Host}, {":path", u.Path}} {
		enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1], Sensitive: true})
	}
	return b.Bytes()
}

var errBareEnded = errors.New("the server has ended the connection")

// make makes a request and waits for the end of its response.
func (c *bareClient) make() error {
	c.id += 2
	c.out = wire.AppendHeaders(c.out[:0], wire.HeadersParam{StreamID: c.id, EndHeaders: true, EndStream: true, Fragment: c.fields})
	if _, err := c.nc.Write(c.out); err != nil {
		return err
	}
	if _, ok := <-c.ended; !ok {
		return errBareEnded
	}
	return nil
}

// read reads until the connection ends.
func (c *bareClient) read() {
	defer close(c.ended)
	in := bufio.NewReaderSize(c.nc, bareInput)
	for {
		header, err := in.Peek(wire.HeaderLen)
		if err != nil {
			return
		}
		h := wire.ParseHeader(header)
		if h.Type == wire.RSTStream || h.Type == wire.GoAway {
			return
		}
		if _, err := in.Discard(wire.HeaderLen + int(h.Length)); err != nil {
			return
		}
		switch {
		case h.Type == wire.Settings && !h.Flags.Has(wire.FlagAck):
			c.nc.Write(wire.AppendSettingsAck(nil)) // if that fails, so does the next read
		case (h.Type == wire.Headers || h.Type == wire.Data) && h.Flags.Has(wire.FlagEndStream):
			c.ended <- struct{}{}
		}
	}
}
