package load

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/url"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
)

const (
	// idleWarmUp is the number of connections that come and go before the first look at the memory.
	idleWarmUp = 50
	// idleSettle is how long connections are idle before the second. Servers that keep something ready for a
	// while have given it up by then; they are not made to collect garbage.
	idleSettle = 3 * time.Second
	// idleTime estimates what it takes to open one.
	idleTime = 500 * time.Microsecond
	// idlePatience bounds the one exchange that each connection has.
	idlePatience = 10 * time.Second
)

// An idleConns is connections that have had one request each, and no more. What is measured is the server's memory.
type idleConns struct{}

func (idleConns) String() string {
	return fmt.Sprintf("connections with one GET /hello each, then nothing for %v", idleSettle)
}

func (idleConns) Takes(r Run) time.Duration {
	return startTime + idleSettle + time.Duration(r.Idle)*idleTime
}

func (idleConns) Measure(r Run) (m measure.Measurement, err error) {
	p, err := r.startSubject()
	if err != nil {
		return m, err
	}
	defer p.Stop()
	u, err := url.Parse(p.URL + "/hello")
	if err != nil {
		return m, err
	}
	warm, err := openIdle(u, idleWarmUp)
	closeAll(warm)
	if err != nil {
		return m, err
	}
	before, err := processes.RSS(p.PID())
	if err != nil {
		return m, err
	}
	conns, err := openIdle(u, r.Idle)
	defer closeAll(conns)
	if err != nil {
		return m, err
	}
	time.Sleep(idleSettle)
	after, err := processes.RSS(p.PID())
	if err != nil {
		return m, err
	}
	return measure.Measurement{RSS: after, IdleConn: (after - before) / float64(r.Idle)}, nil
}

// openIdle opens n connections, one after the other, each with one request answered. It returns those it
// opened also when it fails.
func openIdle(u *url.URL, n int) ([]net.Conn, error) {
	var conns []net.Conn
	for i := range n {
		nc, err := net.Dial("tcp", u.Host)
		if err == nil {
			conns = append(conns, nc)
			err = exchange(nc, u)
		}
		if err != nil {
			return conns, fmt.Errorf("idle connection %d of %d: %w", i+1, n, err)
		}
	}
	return conns, nil
}

func closeAll(conns []net.Conn) {
	for _, nc := range conns {
		nc.Close()
	}
}

// exchange does the connection preface and one request, and reads to the response's end.
func exchange(nc net.Conn, u *url.URL) error {
	nc.SetDeadline(time.Now().Add(idlePatience))
	var out bytes.Buffer
	out.WriteString(http2.ClientPreface)
	framer := http2.NewFramer(&out, bufio.NewReader(nc))
	framer.WriteSettings()
	framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID:      1,
		BlockFragment: requestFields(u),
		EndHeaders:    true,
		EndStream:     true,
	})
	if _, err := out.WriteTo(nc); err != nil {
		return err
	}
	for {
		f, err := framer.ReadFrame()
		if err != nil {
			return err
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				framer.WriteSettingsAck()
			}
		case *http2.GoAwayFrame:
			return fmt.Errorf("the server went away: %v", f.ErrCode)
		case *http2.RSTStreamFrame:
			return fmt.Errorf("the server reset the stream: %v", f.ErrCode)
		case *http2.HeadersFrame, *http2.DataFrame:
			if f.Header().Flags.Has(http2.FlagDataEndStream) {
				_, err := out.WriteTo(nc)
				return err
			}
		}
	}
}

func requestFields(u *url.URL) []byte {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", u.Scheme}, {":authority", u.Host}, {":path", u.Path}} {
		enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	b, _ := io.ReadAll(&block) // a buffer's reads do not fail
	return b
}
