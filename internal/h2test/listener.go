package h2test

import (
	"net"
	"sync"
)

// A Listener is a net.Listener whose connections are Pipes.
type Listener struct {
	conns  chan *Conn
	closed chan struct{}
	once   sync.Once
}

// Listen returns a new Listener.
func Listen() *Listener {
	return &Listener{conns: make(chan *Conn), closed: make(chan struct{})}
}

// Dial returns the client's end of a connection, and the server's end that Accept returned for it: the test may want
// to stall it. It waits for Accept.
func (l *Listener) Dial() (client, server *Conn, err error) {
	client, server = Pipe()
	select {
	case l.conns <- server:
		return client, server, nil
	case <-l.closed:
		return nil, nil, &net.OpError{Op: "dial", Net: "tcp", Err: net.ErrClosed}
	}
}

func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: net.ErrClosed}
	}
}

func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *Listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 443} }
