// Package report shows what was measured: tables, a chart, and how the goals stand.
package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"h2fork.example/net/internal/interop/bench/processes"
)

// newTable returns a table whose columns from the second to the last-th are numbers.
func newTable(last int, header table.Row) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleRounded)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(header)
	var columns []table.ColumnConfig
	for n := 2; n <= last; n++ {
		columns = append(columns, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	return t
}

// Table renders a line for each server in each scenario.
func Table(res Results) string {
	t := newTable(8, table.Row{"", "requests/s", "× " + processes.Reference, "CPU µs/request", "× " + processes.Reference, "allocations", "RSS MiB", "failed", ""})
	for i, k := range res.keys {
		if i > 0 {
			t.AppendSeparator()
		}
		t.AppendRow(table.Row{text.Bold.Sprint(title(k))})
		for _, srv := range processes.All() {
			if sum, ok := res.of[k][srv.Name]; ok {
				t.AppendRow(sum.row(srv.Title, res.ratio(k, perSec, srv.Name, processes.Reference), res.ratio(k, cpuTime, srv.Name, processes.Reference)))
			}
		}
	}
	return t.Render()
}

func (s summary) row(title string, rate, cpu float64) table.Row {
	name := "  " + title
	if !s.measured() {
		return table.Row{name, "", "", "", "", "", "", "", text.FgRed.Sprint("could not be measured")}
	}
	failed := fmt.Sprint(s.Failed)
	if s.Failed+s.errors > 0 {
		failed = text.FgRed.Sprint(s.Failed + s.errors)
	}
	return table.Row{
		name,
		number("%.0f", s.PerSec), number("%.2f", rate),
		number("%.2f", s.CPU), number("%.2f", cpu),
		number("%.1f", s.Allocs),
		number("%.1f", s.RSS/1024),
		failed,
		s.remark(),
	}
}

// remark says what only some scenarios measure.
func (s summary) remark() string {
	switch {
	case s.IdleConn > 0:
		return fmt.Sprintf("%.1f KiB a connection", s.IdleConn)
	case s.MBpsLate > 0:
		return fmt.Sprintf("%.1f MB/s, 2nd half %.1f", s.MBps, s.MBpsLate)
	case s.MBps > 0:
		return fmt.Sprintf("%.1f MB/s, p50 %s, p99 %s", s.MBps, latency(s.P50), latency(s.P99))
	case math.IsInf(s.P50, 1):
		return text.FgRed.Sprint("never ended")
	case s.P99 > 0:
		return fmt.Sprintf("p50 %s, p99 %s", latency(s.P50), latency(s.P99))
	}
	return ""
}

// latency formats a time in µs.
func latency(micros float64) string {
	switch {
	case math.IsInf(micros, 1):
		return "never"
	case micros < 10_000:
		return fmt.Sprintf("%.0f µs", micros)
	}
	return fmt.Sprintf("%.0f ms", micros/1000)
}

// number formats a value, nothing if it was not measured.
func number(format string, value float64) string {
	if value == 0 {
		return ""
	}
	return fmt.Sprintf(format, value)
}

// goalsTable has a line for each goal.
func goalsTable(res Results, show func(verdict) string) table.Writer {
	t := newTable(4, table.Row{"goal", "at least", "aim", "measured", ""})
	for _, g := range goals {
		value := g.value(res)
		t.AppendRow(table.Row{g.title, g.bound(g.least), g.bound(g.aim), g.format(value), show(g.judge(value))})
	}
	return t
}

// painted is a verdict for a terminal.
func painted(v verdict) string {
	colour := text.FgYellow
	switch v {
	case missed:
		colour = text.FgRed
	case reached, aimReached:
		colour = text.FgGreen
	}
	return colour.Sprint(v)
}

// Goals renders how the goals stand, for a terminal.
func Goals(res Results) string { return goalsTable(res, painted).Render() }

// Errors says what could not be measured and why, in lines.
func Errors(records []*Record) string {
	var b strings.Builder
	for _, rec := range records {
		for _, s := range rec.Samples {
			if s.Error != "" {
				fmt.Fprintf(&b, "%s, %s, round %d: %s\n", title(s.Key), s.Server, s.Round, s.Error)
			}
		}
	}
	return b.String()
}
