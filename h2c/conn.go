package h2c

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// handshakeTimeout is how long a client may take to send the rest of its preface, or to read our 101 response.
// net/http has given the connection up and does not watch it any more: a client that goes silent right then would keep
// it, and a goroutine, for ever.
const handshakeTimeout = 10 * time.Second

// conn is a connection that was net/http's.
type conn struct {
	net.Conn
	ahead []byte        // what net/http read and did not use; owned by the reader
	out   *bufio.Writer // net/http's; the handshake's
}

// takeOver takes the connection from net/http.
func takeOver(w http.ResponseWriter) (*conn, error) {
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	// Copied, as net/http's buffer is much larger and would live as long as the connection.
	ahead, err := rw.Peek(rw.Reader.Buffered())
	if err != nil {
		nc.Close()
		return nil, err
	}
	return &conn{Conn: nc, ahead: append([]byte(nil), ahead...), out: rw.Writer}, nil
}

func (c *conn) Read(p []byte) (int, error) {
	if len(c.ahead) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.ahead)
	c.ahead = c.ahead[n:]
	if len(c.ahead) == 0 {
		c.ahead = nil
	}
	return n, nil
}

// handshake runs f within handshakeTimeout. Whatever deadlines net/http set for the first request are gone after it.
func (c *conn) handshake(f func() error) error {
	if err := c.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	return c.SetDeadline(time.Time{})
}

// forHTTP2 returns the connection for http2.Server.
func (c *conn) forHTTP2() net.Conn {
	c.out = nil
	if len(c.ahead) == 0 {
		return c.Conn
	}
	if t, ok := c.Conn.(withTLS); ok {
		return tlsConn{c, t}
	}
	return c
}

type withTLS interface{ ConnectionState() tls.ConnectionState }

// tlsConn is a conn that still shows its TLS, for requests to have it and for http2.Server to refuse what RFC 9113 §9.2
// rules out: prior knowledge works over TLS too, if a client sends HTTP/2 without having negotiated it.
type tlsConn struct {
	*conn
	withTLS
}
