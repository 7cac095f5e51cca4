package http2

import (
	"slices"
	"strings"
	"testing"
)

var modelKinds = []*modelKind{
	{name: "plain", method: "GET"},
	{name: "plain with a type", method: "GET", fields: []string{"content-type=text/html"}, hasType: true},
	{name: "content-length: 0", method: "GET", fields: []string{"content-length=0"}, zeroLength: true},
	{name: "an error", method: "GET", status: 404},
	{name: "HEAD", method: "HEAD"},
	{name: "204", method: "GET", status: 204},
	{name: "304", method: "GET", status: 304, fields: []string{"grpc-status=5"}, grpc: []string{"grpc-status=5"}},
	{name: "CONNECT", method: "CONNECT"},
	{name: "Trailer", method: "GET", fields: []string{"trailer=x-t"}, declares: true},
	{name: "content-length: 10", method: "GET", fields: []string{"content-length=10"}, length: 10},
	{name: "gRPC", method: "POST", fields: []string{"content-type=application/grpc"}, hasType: true, announced: true},
	{
		name: "Trailers-Only", method: "POST", hasType: true,
		fields: []string{"content-type=application/grpc", "grpc-status=5", "grpc-message=no"},
		grpc:   []string{"grpc-status=5", "grpc-message=no"},
	},
	{
		name: "gRPC-Web Trailers-Only", method: "POST", hasType: true, zeroLength: true,
		fields: []string{"content-type=application/grpc-web+proto", "grpc-status=0", "content-length=0"},
		grpc:   []string{"grpc-status=0"},
	},
	{
		name: "Trailer and grpc-status", method: "POST", declares: true,
		fields: []string{"trailer=x-t", "grpc-status=5"},
		grpc:   []string{"grpc-status=5"},
	},
}

// shortPrograms are all sequences of at most n calls, without repetitions that
// change nothing, with each ending.
func shortPrograms(kinds []*modelKind, n, otherFlushes, width int) (programs []modelProgram) {
	for _, kind := range kinds {
		for _, calls := range sequences("wWFtR", n) {
			for _, start := range []string{"", string(callWriteHeader)} {
				if start != "" && kind.status != 0 {
					continue // it has called WriteHeader
				}
				for _, end := range []string{string(callReturn), string(callPanic)} {
					programs = append(programs, modelProgram{kind, start + calls + end, otherFlushes, width})
				}
			}
		}
	}
	return programs
}

// sequences are the sequences of at most n letters. Trailers are set once, and
// the body ends once.
func sequences(letters string, n int) []string {
	all := []string{""}
	for from := 0; n > 0; n-- {
		to := len(all)
		for _, s := range all[from:to] {
			for _, letter := range letters {
				if (letter == callTrailers || letter == callRead) && strings.ContainsRune(s, letter) {
					continue
				}
				all = append(all, s+string(letter))
			}
		}
		from = to
	}
	return all
}

// keyKinds stand for the classes in longer programs, and heldKinds for those
// that are held in the longest.
var (
	keyKinds  = []*modelKind{modelKinds[0], modelKinds[4], modelKinds[8], modelKinds[10], modelKinds[11]}
	heldKinds = []*modelKind{modelKinds[0], modelKinds[11]}
)

// short reports whether searches are to be short.
func short() bool { return testing.Short() || underRaceDetector }

func TestEveryScheduleIsFramedAsTheContractSays(t *testing.T) {
	for _, c := range []struct {
		name     string
		programs []modelProgram
		long     bool
	}{
		{"up to 1 call, 2 Flushes beside them", shortPrograms(modelKinds, 1, 2, 1), false},
		{"up to 2 calls, 1 Flush beside them", shortPrograms(modelKinds, 2, 1, 1), false},
		{"up to 2 calls, 2 Flushes beside them", shortPrograms(modelKinds, 2, 2, 1), true},
		{"up to 2 calls, 1 Flush beside them, on two streams", shortPrograms(modelKinds, 2, 1, 2), true},
		{"up to 3 calls, 1 Flush beside them", shortPrograms(modelKinds, 3, 1, 1), true},
		{"up to 4 calls", shortPrograms(modelKinds, 4, 0, 1), true},
		{"up to 4 calls, 1 Flush beside them, of what is held", shortPrograms(heldKinds, 4, 1, 1), true},
	} {
		if c.long && short() {
			continue
		}
		t.Run(c.name, func(t *testing.T) { checkFraming(t, new(Server), c.programs, nil) })
	}
}

// hasOneOutcome reports whether the contract promises that a program looks the
// same on the wire however it is scheduled.
func (p modelProgram) hasOneOutcome() bool {
	has := func(calls string) bool { return strings.ContainsAny(p.calls, calls) }
	o := oracle{kind: p.kind, story: p.calls}
	const writes = string(callWrite) + string(callWriteLarge)
	flushed := has(flushes) || p.otherFlushes > 0
	switch {
	case !has(string(callReturn)):
		return false
	case o.bodiless():
		return p.kind.method != "HEAD" || !has(writes) // what was written tells the type
	case !flushed:
		return !has(string(callWriteLarge))
	}
	switch o.class() {
	case classTrailersOnly:
		return !has(writes + string(callRead))
	case classAnnounced: // a promise that is kept with trailers
		sealed := p.calls[0] == callWriteHeader || p.calls[0] == callFlush
		return has(string(callTrailers)) && sealed && (!has(writes) || o.flushedFirst())
	}
	return has(string(callTrailers)) && !has(writes)
}

func TestScheduleDoesNotShowOnTheWire(t *testing.T) {
	calls := 2
	if short() {
		calls = 1
	}
	for others := range 3 {
		promised := 0
		checkFraming(t, new(Server), shortPrograms(modelKinds, calls, others, 1), func(p modelProgram, outcomes []string) {
			if !p.hasOneOutcome() {
				return
			}
			promised++
			if len(outcomes) != 1 {
				t.Errorf("%v\none outcome is promised, and these were seen:\n%s", p, strings.Join(outcomes, "\n"))
			}
		})
		t.Logf("%d programs with one outcome", promised)
	}
}

// What of a Flush of an open response that nothing follows may show: whether the
// limit was over before the handler returned, and the header had left.
func TestAnOpenResponseHasTheseOutcomes(t *testing.T) {
	const head = ":status=200 date"
	want := []string{
		"[HEADERS+ES(:status=200 content-length=0 date)]",
		"[HEADERS+ES(" + head + ")]",
		"[HEADERS(" + head + ") DATA+ES(0)]",
	}
	programs := []modelProgram{
		{kind: modelKinds[0], calls: "r", otherFlushes: 1, width: 1},
		{kind: modelKinds[0], calls: "Fr", width: 1},
		{kind: modelKinds[0], calls: "HFFr", otherFlushes: 1, width: 1},
	}
	checkFraming(t, new(Server), programs, func(p modelProgram, outcomes []string) {
		slices.Sort(outcomes)
		slices.Sort(want)
		if !slices.Equal(outcomes, want) {
			t.Errorf("%v\n got %q\nwant %q", p, outcomes, want)
		}
	})
}

// Trailers-Only has one outcome, and it is one frame.
func TestTrailersOnlyIsOneFrameOnEverySchedule(t *testing.T) {
	var programs []modelProgram
	for _, kind := range modelKinds {
		o := oracle{kind: kind}
		if o.class() != classTrailersOnly {
			continue
		}
		for _, calls := range sequences("F", 3) {
			programs = append(programs,
				modelProgram{kind, calls + "r", 3, 1},
				modelProgram{kind, "H" + calls + "r", 3, 1})
		}
	}
	checkFraming(t, new(Server), programs, func(p modelProgram, outcomes []string) {
		if len(outcomes) != 1 || strings.Count(outcomes[0], "HEADERS+ES") != 1 || strings.Contains(outcomes[0], " DATA") {
			t.Errorf("%v\nwant one HEADERS frame, got %q", p, outcomes)
		}
	})
}
