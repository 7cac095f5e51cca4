package session

import "time"

const (
	// maxEarlyResets and earlyResetsPerSecond bound the streams that are reset before
	// their response is complete, by either side: in a burst, and in the long run.
	// Every stream that completes earns one back, so a client may cancel half of its
	// calls for ever. They stop a peer that opens and resets in a loop
	// (CVE-2023-44487, Rapid Reset), or that provokes our resets (CVE-2025-8671,
	// MadeYouReset).
	maxEarlyResets       = 1000
	earlyResetsPerSecond = 100

	// maxUselessFrames and uselessFramesPerSecond bound the frames that move nothing:
	// empty DATA, small CONTINUATION, PRIORITY, SETTINGS, PING, unknown types. They
	// stop floods of these (CVE-2019-9512, 9513, 9515, 9516, 9518). Every stream that
	// completes, and every DATA frame with content, earns one back.
	maxUselessFrames       = 10000
	uselessFramesPerSecond = 1000
)

// Some frames that move nothing are echoes: answers to what we have sent. An honest
// peer sends as many as we give it reason to, however fast, so these are free.
// Echoes beyond that number are charged like any frame that moves nothing:
// WINDOW_UPDATE by the byte or on closed streams, PING acknowledgements for no PING
// of ours, RST_STREAM of closed streams, HEADERS on streams that we have reset.
// Content is not charged, not even late: a peer may have sent a window's worth of
// it in small pieces, and it costs no more than content that is read.
const (
	// A DATA frame of ours may have echoesPerData echoes, and one more for every
	// dataPerEcho bytes: WINDOW_UPDATE for the stream and the connection, at once or
	// in pieces as the content is consumed.
	echoesPerData = 2
	dataPerEcho   = 64

	// echoesPerReset is what the peer may have sent before it sees our RST_STREAM: an
	// informational, a final and a trailing field section, and RST_STREAM.
	echoesPerReset = 4

	// echoesPerEnd is for a RST_STREAM that crosses our END_STREAM.
	echoesPerEnd = 1
)

// bucket is a token bucket: time and useful work add tokens.
type bucket struct {
	*budget
	tokens float64
	at     time.Time
}

// budget is what a bucket is made with.
type budget struct {
	size float64 // tokens
	rate float64 // tokens a second
}

var (
	earlyResets   = budget{maxEarlyResets, earlyResetsPerSecond}
	uselessFrames = budget{maxUselessFrames, uselessFramesPerSecond}
)

func newBucket(b *budget, now time.Time) bucket { return bucket{b, b.size, now} }

// spend spends a token. It reports false if there is none.
func (b *bucket) spend(now time.Time) bool {
	b.tokens = min(b.size, b.tokens+now.Sub(b.at).Seconds()*b.rate)
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

func (b *bucket) earn() { b.tokens = min(b.size, b.tokens+1) }

// expect adds n to the echoes that the peer may send free of charge.
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
