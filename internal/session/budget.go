package session

import "time"

const (
	// maxEarlyResets and earlyResetsPerSecond: streams that may be reset before
	// their response is complete, by either side, in a burst and in the long
	// run. Every stream that completes earns one back, so a client that cancels
	// half of its calls for ever is fine. A peer that opens and resets in a loop
	// is not (CVE-2023-44487 Rapid Reset; CVE-2025-8671 MadeYouReset makes us
	// send the resets).
	maxEarlyResets       = 1000
	earlyResetsPerSecond = 100

	// maxUselessFrames and uselessFramesPerSecond: frames that move nothing: empty
	// DATA and CONTINUATION, PRIORITY, SETTINGS, PING, unknown types
	// (CVE-2019-9512, 9513, 9515, 9516, 9518). Every stream that completes, and
	// every DATA frame with content, earns one back.
	maxUselessFrames       = 10000
	uselessFramesPerSecond = 1000
)

// Some frames that move nothing are echoes of our own, and an honest peer sends
// as many as we give it reason to, however fast. These are free; what exceeds
// them costs as much as a frame that moves nothing: WINDOW_UPDATE by the byte or on closed
// streams, PING acknowledgements that nobody waits for, RST_STREAM of what is
// closed, HEADERS on what we have reset. Content is not among them, late or not:
// a peer may have had a window's worth of it on its way in small pieces, and it
// costs no more than content that is read.
const (
	// echoesPerData, and one for every dataPerEcho bytes: WINDOW_UPDATE for the
	// stream and the connection, at once or in pieces as the content is consumed.
	echoesPerData = 2
	dataPerEcho   = 64

	// echoesPerReset: what may be on its way when we reset a stream, which is an
	// informational, a final and a trailing field section, and RST_STREAM.
	echoesPerReset = 4

	// echoesPerEnd: RST_STREAM that crosses our END_STREAM.
	echoesPerEnd = 1
)

// bucket is a token bucket: tokens come back with time and with useful work.
type bucket struct {
	tokens float64
	size   float64
	rate   float64 // tokens a second
	at     time.Time
}

func newBucket(size, rate float64, now time.Time) bucket {
	return bucket{tokens: size, size: size, rate: rate, at: now}
}

// take spends a token; false if there is none left.
func (b *bucket) take(now time.Time) bool {
	b.tokens = min(b.size, b.tokens+now.Sub(b.at).Seconds()*b.rate)
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

func (b *bucket) earn() { b.tokens = min(b.size, b.tokens+1) }

// expect adds to the echoes that the peer may send.
func (s *Session) expect(n int) { s.echoes += int64(n) }

// EchoFrame charges a frame that moves nothing, unless it may be the echo of
// something that we sent.
func (s *Session) EchoFrame(now time.Time) error {
	if s.echoes > 0 {
		s.echoes--
		return nil
	}
	return s.UselessFrame(now)
}
