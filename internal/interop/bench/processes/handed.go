package processes

import "net"

// The server "handed" is "stored", but what answers a read is written by another goroutine of the connection. A handler may
// block, so a server in Go hands each request to a goroutine that is not the reader: this shows what is left for HTTP
// when it has done that, with one wake for all that has come together.

func startHanded(_ *Machine, s Setting) (*Process, error) {
	return startAnswering(storedSpec{Handed: true, TLS: s.TLS}, s)
}

// handsOver returns the sender that hands over to a goroutine which writes, and what ends that.
func handsOver(nc net.Conn) (send sender, end func()) {
	work := make(chan []byte, 1)
	free := make(chan []byte, 2)
	free <- nil // the reader fills one while the other is written
	go func() {
		for out := range work {
			if _, err := nc.Write(out); err != nil {
				nc.Close() // so that the reader ends
			}
			free <- out[:0]
		}
	}()
	send = func(out []byte) ([]byte, error) {
		work <- out
		return <-free, nil
	}
	return send, func() { close(work) }
}
