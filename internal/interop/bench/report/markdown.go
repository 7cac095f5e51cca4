package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"h2fork.example/net/internal/interop/bench/load"
	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
)

// A line is what a row of a table or of the chart shows: one quantity of every server.
type line struct {
	title  string
	key    measure.Key
	metric metric
}

// Markdown renders the results as a README can have them: how they came about, CPU time, the rest, goals.
func Markdown(records []*Record, res Results) string {
	plain := func(v verdict) string { return string(v) }
	parts := []string{provenance(records)}
	for _, part := range []struct {
		title string
		lines []line
	}{
		{"CPU time of the server for a request, in µs:", res.lines(false, cpuTime)},
		{"CPU time of the client for a request, in µs:", res.lines(true, cpuTime)},
		{"Requests a second, of servers and clients:", res.both(perSec)},
		{"How long a request takes, in µs, median:", res.quick(res.both(p50))},
		{"How long a request takes, in µs, 99th percentile:", res.quick(res.both(p99))},
		{"Over a link of 1 Gbit/s, which is 125 MB/s, in MB/s:", res.both(mbps)},
		{"Over the same link, MB/s of the second half of the bytes:", res.both(mbpsLate)},
		{"How long an upload takes, in ms, median:", res.slow(res.both(medianMs))},
		{"The rest:", otherLines},
	} {
		if t := matrix(res, part.lines); t.Length() > 0 {
			parts = append(parts, part.title, t.RenderMarkdown())
		}
	}
	parts = append(parts, goalsTable(res, plain).RenderMarkdown())
	return strings.Join(parts, "\n\n") + "\n"
}

// lines are a metric of all that the results have: of clients or of servers.
func (res Results) lines(ofClients bool, metric metric) []line {
	var lines []line
	for _, k := range res.keys {
		l := line{title(k), k, metric}
		if (k.Peer != "") == ofClients && res.has(l) {
			lines = append(lines, l)
		}
	}
	return lines
}

// both are lines of servers, and then of clients.
func (res Results) both(metric metric) []line {
	return slices.Concat(res.lines(false, metric), res.lines(true, metric))
}

// quick are the lines of scenarios in which requests are so short that their CPU time is measured, slow are the others.
func (res Results) quick(lines []line) []line {
	return slices.DeleteFunc(lines, func(l line) bool { return !res.has(line{"", l.key, cpuTime}) })
}

func (res Results) slow(lines []line) []line {
	return slices.DeleteFunc(lines, func(l line) bool { return res.has(line{"", l.key, cpuTime}) })
}

// has reports whether a line has anything in it.
func (res Results) has(l line) bool {
	for server := range res.of[l.key] {
		if res.value(l, server) > 0 {
			return true
		}
	}
	return false
}

var otherLines = []line{
	{"idle connection, KiB", in(load.Idle), idleConn},
	{"heap allocations a request, 13 B", in(load.Small), allocs},
}

// matrix returns a table of lines, with a column for each server that has any of them.
func matrix(res Results, lines []line) table.Writer {
	servers := res.having(lines)
	header := table.Row{""}
	for _, s := range servers {
		header = append(header, s.Name)
	}
	t := newTable(len(header), header)
	for _, l := range lines {
		if !res.has(l) {
			continue
		}
		row := table.Row{l.title}
		for _, s := range servers {
			row = append(row, threeDigits(res.value(l, s.Name)))
		}
		t.AppendRow(row)
	}
	return t
}

func (res Results) value(l line, server string) float64 {
	return l.metric(res.of[l.key][server].Measurement)
}

// having returns the servers of which any of the lines was measured.
func (res Results) having(lines []line) []processes.Server {
	var having []processes.Server
	for _, s := range processes.All() {
		for _, l := range lines {
			if res.value(l, s.Name) > 0 {
				having = append(having, s)
				break
			}
		}
	}
	return having
}

// threeDigits formats a value with about three digits, nothing if it was not measured.
func threeDigits(value float64) string {
	switch {
	case value == 0:
		return ""
	case math.IsInf(value, 1):
		return "never"
	case value < 10:
		return fmt.Sprintf("%.2f", value)
	case value < 100:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.0f", value)
}

// provenance says what was measured, with what command, on what machine.
func provenance(records []*Record) string {
	first := records[0]
	var versions []string
	for _, s := range processes.All() {
		if v := first.Versions[s.Name]; v != "" {
			versions = append(versions, s.Name+": "+v)
		}
	}
	text := fmt.Sprintf("`%s`, %s, on %s. %s.", strings.Join(first.Command, " "), medians(records), first.Machine, strings.Join(versions, ", "))
	if len(first.Missing) > 0 {
		text += "\nNot measured: " + strings.Join(first.Missing, "; ") + "."
	}
	return text
}

// medians says of how much the results are medians.
func medians(records []*Record) string {
	day := records[0].Began.Format(time.DateOnly)
	if len(records) == 1 {
		return "medians of one run's rounds, " + day
	}
	return fmt.Sprintf("medians of %d runs' medians, %s", len(records), day)
}
