package http2

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"h2fork.example/net/internal/h2test"
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

// keyKinds stand for the classes in longer programs, and heldKinds for what is held, and
// what is not, in the longest.
var (
	keyKinds  = []*modelKind{modelKinds[0], modelKinds[4], modelKinds[8], modelKinds[10], modelKinds[11]}
	heldKinds = []*modelKind{modelKinds[0], modelKinds[11]}
)

// short reports whether searches are to be short.
func short() bool { return testing.Short() || h2test.UnderRaceDetector }

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
		{"up to 4 calls, 1 Flush beside them, open and Trailers-Only", shortPrograms(heldKinds, 4, 1, 1), true},
	} {
		if c.long && short() {
			continue
		}
		t.Run(c.name, func(t *testing.T) { checkFraming(t, new(Server), c.programs, nil) })
	}
}

// Each order of calls has one outcome, in every class, whenever the writer runs. What a
// writer may show is whether the last of the content had been sent before the end came: then an
// empty DATA frame follows it.
func TestScheduleDoesNotShowOnTheWire(t *testing.T) {
	calls := 2
	if short() {
		calls = 1
	}
	for others := range 3 {
		stories := 0
		checkFraming(t, new(Server), shortPrograms(modelKinds, calls, others, 1), func(p modelProgram, story string, seen []string) {
			stories++
			for i, wire := range seen {
				seen[i] = emptyAfterContent.ReplaceAllString(wire, "DATA+ES($1)")
			}
			slices.Sort(seen)
			if seen = slices.Compact(seen); len(seen) != 1 {
				t.Errorf("%v\nstory %q has more than one outcome:\n%s", p, story, strings.Join(seen, "\n"))
			}
		})
		t.Logf("%d stories", stories)
	}
}

// emptyAfterContent is an empty DATA frame that follows content.
var emptyAfterContent = regexp.MustCompile(`DATA\((\d+)\) DATA\+ES\(0\)`)

func TestAFlushOfAnOpenResponseIsFollowedByDATA(t *testing.T) {
	const want = "[HEADERS(:status=200 date) DATA+ES(0)]"
	programs := []modelProgram{
		{kind: modelKinds[0], calls: "Fr", width: 1},
		{kind: modelKinds[0], calls: "HFr", width: 1},
		{kind: modelKinds[0], calls: "HFFr", otherFlushes: 1, width: 1},
	}
	checkFraming(t, new(Server), programs, func(p modelProgram, story string, seen []string) {
		if len(seen) != 1 || seen[0] != want {
			t.Errorf("%v, story %q\n got %q\nwant %q", p, story, seen, want)
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
	checkFraming(t, new(Server), programs, func(p modelProgram, story string, seen []string) {
		if len(seen) != 1 || strings.Count(seen[0], "HEADERS+ES") != 1 || strings.Contains(seen[0], " DATA") {
			t.Errorf("%v, story %q\nwant one HEADERS frame, got %q", p, story, seen)
		}
	})
}
