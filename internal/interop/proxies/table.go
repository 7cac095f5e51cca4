package main

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// tableOf renders a line for each result.
func tableOf(results []*result, markdown bool) string {
	t := table.NewWriter()
	t.SetStyle(table.StyleRounded)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"proxy", "built", "", "in flight", "calls", "broken", "", "calls/s", "a client is told"})
	for i, r := range results {
		if i > 0 && results[i-1].path != r.path {
			t.AppendSeparator()
		}
		t.AppendRow(table.Row{
			r.title + " " + r.version, r.with, r.mode(), r.inFlight, r.calls, r.broken,
			fmt.Sprintf("%.2f %%", 100*float64(r.broken)/float64(r.calls)),
			fmt.Sprintf("%.0f", float64(r.calls)/max(r.took.Seconds(), 1e-9)),
			r.text,
		})
	}
	if markdown {
		return t.RenderMarkdown()
	}
	return t.Render()
}
