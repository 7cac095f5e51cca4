//go:build race

package http2

// underRaceDetector makes the searches shorter: a step costs thirty times as much.
const underRaceDetector = true
