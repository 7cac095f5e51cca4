package load

import (
	"net"
	"sync"
	"time"
)

// An arrivals is when bytes have come.
type arrivals struct {
	mu   sync.Mutex
	came []arrival // guarded by mu, in order
	sum  int       // guarded by mu
}

// An arrival is how many bytes had come at a time.
type arrival struct {
	at  time.Time
	sum int
}

func (a *arrivals) add(n int) {
	a.mu.Lock()
	a.sum += n
	a.came = append(a.came, arrival{time.Now(), a.sum})
	a.mu.Unlock()
}

// Write counts.
func (a *arrivals) Write(p []byte) (int, error) {
	a.add(len(p))
	return len(p), nil
}

func (a *arrivals) reset() {
	a.mu.Lock()
	a.sum, a.came = 0, nil
	a.mu.Unlock()
}

func (a *arrivals) total() float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return float64(a.sum)
}

// late is the rate of the second half of the bytes, in MB/s: what a transfer comes to when windows have grown.
func (a *arrivals) late() float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.came) == 0 {
		return 0
	}
	last := a.came[len(a.came)-1]
	for _, c := range a.came {
		if 2*c.sum >= last.sum && c.at.Before(last.at) {
			return float64(last.sum-c.sum) / 1e6 / last.at.Sub(c.at).Seconds()
		}
	}
	return 0
}

// A countedConn is a connection to a server, with what arrives there counted.
type countedConn struct {
	*net.TCPConn
	arrived *arrivals
}

func (c countedConn) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	c.arrived.add(n)
	return n, err
}
