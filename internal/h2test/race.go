//go:build race

package h2test

// UnderRaceDetector says that the program has been built with it. A step costs thirty times as much then, and pools lose
// what is in them, so that allocations cannot be counted.
const UnderRaceDetector = true
