//go:build !race

package h2test

// UnderRaceDetector says that the program has been built with it.
const UnderRaceDetector = false
