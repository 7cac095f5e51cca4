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

	// maxIdleFrames and idleFramesPerSecond: frames that move nothing: empty
	// DATA and CONTINUATION, PRIORITY, SETTINGS, PING, unknown types
	// (CVE-2019-9512, 9513, 9515, 9516, 9518). Every stream that completes, and
	// every DATA frame with content, earns one back.
	maxIdleFrames       = 10000
	idleFramesPerSecond = 1000
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
