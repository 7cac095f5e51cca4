package main

import (
	"fmt"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// A summary is what the rounds of one server in one scenario come to: medians, and the sum of failures.
type summary struct {
	rounds, errors, failed     int
	perSec, cpu, idleConn, rss float64
}

func summarize(samples []sample, scenario, server string) summary {
	var sum summary
	var perSec, cpu, idleConn, rss []float64
	for _, s := range samples {
		if s.Scenario != scenario || s.Server != server {
			continue
		}
		sum.rounds++
		if s.Error != "" {
			sum.errors++
			continue
		}
		sum.failed += s.Failed
		perSec = append(perSec, s.PerSec)
		cpu = append(cpu, s.CPU)
		idleConn = append(idleConn, s.IdleConn)
		rss = append(rss, float64(s.RSS))
	}
	sum.perSec, sum.cpu, sum.idleConn, sum.rss = median(perSec), median(cpu), median(idleConn), median(rss)
	return sum
}

// median returns the middle value, the mean of the two if there are two, 0 of nothing.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// reportTable renders a line for each server in each scenario.
func reportTable(scenarios []scenario, servers []server, samples []sample) string {
	t := table.NewWriter()
	t.SetStyle(table.StyleRounded)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"", "requests/s", "× " + reference, "CPU µs/request", "× " + reference, "RSS MiB", "KiB/idle conn", "failed"})
	for i, sc := range scenarios {
		if i > 0 {
			t.AppendSeparator()
		}
		t.AppendRow(table.Row{text.Bold.Sprint(sc.title)})
		ref := summarize(samples, sc.name, reference)
		for _, srv := range servers {
			if sum := summarize(samples, sc.name, srv.name); sum.rounds > 0 {
				t.AppendRow(sum.row(srv, ref))
			}
		}
	}
	var columns []table.ColumnConfig
	for n := 2; n <= 8; n++ {
		columns = append(columns, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	return t.Render()
}

func (sum summary) row(srv server, ref summary) table.Row {
	name := "  " + srv.title
	if sum.errors == sum.rounds {
		return table.Row{name, "", "", "", "", "", "", text.FgRed.Sprint("could not be measured")}
	}
	failed := fmt.Sprint(sum.failed)
	if sum.failed+sum.errors > 0 {
		failed = text.FgRed.Sprint(sum.failed + sum.errors)
	}
	return table.Row{
		name,
		number("%.0f", sum.perSec), ratio(sum.perSec, ref.perSec),
		number("%.2f", sum.cpu), ratio(sum.cpu, ref.cpu),
		number("%.1f", sum.rss/1024),
		number("%.1f", sum.idleConn),
		failed,
	}
}

// number formats a value, nothing if it was not measured.
func number(format string, value float64) string {
	if value == 0 {
		return ""
	}
	return fmt.Sprintf(format, value)
}

func ratio(value, of float64) string {
	if value == 0 || of == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", value/of)
}
