package session

import "time"

// recvWindow is a window that we grant (RFC 9113 §6.9).
//
// Always true: avail + credit + what has been received and not given back equals
// size. Each byte received is credited once, by Consume or by Discard.
type recvWindow struct {
	size   int32 // what avail tends to
	avail  int32 // what the peer may still send
	credit int32 // consumed or grown by, not yet announced with WINDOW_UPDATE
	usage  usage
}

func (w *recvWindow) init(n int32) { *w = recvWindow{size: n, avail: n} }

// charge charges n received bytes. It reports false if the peer was not allowed to
// send them. Zero bytes are always allowed, even if the window is negative.
func (w *recvWindow) charge(n uint32) bool {
	if n > 0 && int64(n) > int64(w.avail) {
		return false
	}
	w.avail -= int32(n)
	return true
}

// due reports whether the credit is to be announced: worth is how much credit makes
// a frame pay. The second clause keeps the peer moving when most of the window lies
// unread: the credit that is held back stays less than what the peer may still
// send.
func (w *recvWindow) due(worth int32) bool {
	return w.credit > 0 && (w.credit >= worth || w.credit >= w.avail)
}

// resize changes what the window tends to. The peer may have used more than that
// already, and then may send nothing for a while (RFC 9113 §6.9.2).
func (w *recvWindow) resize(n int32) {
	w.avail += n - w.size
	w.size = n
}

// grow makes the window larger by n. The peer learns of it with the next
// WINDOW_UPDATE.
func (w *recvWindow) grow(n int32) {
	w.size += n
	w.credit += n
}

// announce turns the credit into window and returns it.
func (w *recvWindow) announce() int32 {
	n := w.credit
	w.avail += n
	w.credit = 0
	return n
}

// usage tells how fast a window is used up: whether the last size bytes took no
// more than two round trips. A window w on a path that carries r bytes a second is
// used up every w/r. So it is fast while w ≤ 2 × r × round trip: twice what is on
// the path when that is full. The factor 2 allows for a reader that takes a moment,
// and for updates that are held back.
//
// Each stream has one, so it is kept small: the time from which bytes are counted,
// in units of 65 µs, and two bits below. The caller counts the bytes. 0 is before
// the first byte.
type usage uint32

const (
	usageBegun usage = 1
	usageFast  usage = 2
)

func newUsage(now time.Duration) usage { return usage(now>>16)<<2 | usageBegun }

// begin notes the first byte.
func (u *usage) begin(now time.Duration) {
	if *u == 0 {
		*u = newUsage(now)
	}
}

// full notes that the window has been used up. If the round trip is unknown, that
// counts as fast.
func (u *usage) full(now, roundTrip time.Duration) {
	next := newUsage(now)
	if took := next&^3 - *u&^3; roundTrip == 0 || took <= newUsage(2*roundTrip) {
		next |= usageFast
	}
	*u = next
}

// fast reports whether the window was used up fast the last time.
func (u usage) fast() bool { return u&usageFast != 0 }

// grown notes that the window has become larger. Whether the larger window is used
// up fast is not known yet.
func (u *usage) grown() { *u &^= usageFast }
