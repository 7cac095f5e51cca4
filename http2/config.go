package http2

import (
	"time"
)

// set sets *v to x unless x is the zero value.
func set[T comparable](v *T, x T) {
	var zero T
	if x != zero {
		*v = x
	}
}

// within sets *v to def unless it is in [lo, hi].
func within[T uint32 | int32 | time.Duration](v *T, lo, hi, def T) {
	if *v < lo || *v > hi {
		*v = def
	}
}
