package http2

import (
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

func TestEveryScheduleIsFramedAsTheContractSays(t *testing.T) {
	for _, c := range []struct {
		name     string
		programs []modelProgram
	}{
		{"every kind, up to 2 calls, 1 Flush beside them", shortPrograms(modelKinds, 2, 1, 1)},
	} {
		t.Run(c.name, func(t *testing.T) { checkFraming(t, new(Server), c.programs, nil) })
	}
}
