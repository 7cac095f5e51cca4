//go:build !race

package http2

const underRaceDetector = false
