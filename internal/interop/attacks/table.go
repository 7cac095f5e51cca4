package main

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// render renders a line for each server under each attack.
func render(results []result) string {
	t := table.NewWriter()
	t.SetStyle(table.StyleRounded)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"", "it ends", "sent MiB", "held MiB", "peak MiB", "goroutines", "CPU ms", "left MiB", "bystander: requests/s", "slowest ms", "failed"})
	var columns []table.ColumnConfig
	for n := 3; n <= 11; n++ {
		columns = append(columns, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	var last *attack
	for _, r := range results {
		if r.attack != last {
			t.AppendSeparator()
			t.AppendRow(table.Row{text.Bold.Sprint(r.attack.title())})
			last = r.attack
		}
		t.AppendRow(r.row())
	}
	return t.Render()
}

func (a *attack) title() string {
	if a.cve == "" {
		return a.name
	}
	return a.name + " (" + a.cve + ")"
}

func (r result) row() table.Row {
	return table.Row{
		"  " + r.server, r.end,
		mibs(uint64(r.sent)), mibs(r.held()), mibs(r.height.Peak), r.height.PeakGoroutines,
		(r.height.CPU - r.before.CPU).Milliseconds(), mibs(r.left()),
		fmt.Sprintf("%.0f", r.rate), r.slowest.Round(time.Millisecond).Milliseconds(), r.failed,
	}
}

// held is what was held at the attack's height, more than before.
func (o *outcome) held() uint64 { return more(o.height.Live, o.before.Live) }

// left is what was still held when it was over.
func (o *outcome) left() uint64 { return more(o.after.Live, o.before.Live) }

func more(a, b uint64) uint64 { return max(a, b) - b }

func mibs(n uint64) string { return fmt.Sprintf("%.1f", float64(n)/mib) }
