package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// resultTable renders a line for each run.
func resultTable(results []*result) string {
	t := newTable()
	t.AppendHeader(table.Row{"server", "concurrency", "calls", "made", "failed", "", "calls/s"})
	for i, r := range results {
		if i > 0 && results[i-1].server != r.server {
			t.AppendSeparator()
		}
		t.AppendRow(table.Row{r.server, r.concurrency, r.kind, r.calls, failedCell(r.failed), percentage(r.failed, r.calls), rate(r.calls, r.took)})
	}
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 1, AutoMerge: true},
		{Number: 2, Align: text.AlignRight, AutoMerge: true},
		{Number: 4, Align: text.AlignRight},
		{Number: 5, Align: text.AlignRight},
		{Number: 6, Align: text.AlignRight},
		{Number: 7, Align: text.AlignRight},
	})
	return t.Render()
}

// textTable renders the error texts of each server, most frequent first; "" if no call failed.
func textTable(results []*result) string {
	counts := make(map[[2]string]int) // by server and text
	for _, r := range results {
		for txt, n := range r.texts {
			counts[[2]string{r.server, txt}] += n
		}
	}
	if len(counts) == 0 {
		return ""
	}
	t := newTable()
	t.AppendHeader(table.Row{"server", "times", "what the client was told instead"})
	for _, key := range slices.SortedFunc(maps.Keys(counts), func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(counts[b], counts[a]), cmp.Compare(a[1], b[1]))
	}) {
		t.AppendRow(table.Row{key[0], counts[key], key[1]})
	}
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 1, AutoMerge: true}, {Number: 3, WidthMax: 90}})
	return t.Render()
}

func newTable() table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleRounded)
	t.Style().Format.Header = text.FormatDefault
	return t
}

func failedCell(n int) string {
	if n > 0 {
		return text.FgRed.Sprint(n)
	}
	return text.FgGreen.Sprint(n)
}

func percentage(n, of int) string {
	return fmt.Sprintf("%.2f %%", 100*float64(n)/float64(max(of, 1)))
}

func rate(calls int, took time.Duration) string {
	return fmt.Sprintf("%.0f", float64(calls)/max(took.Seconds(), 1e-9))
}
