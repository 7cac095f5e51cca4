package main

import (
	"path"

	"github.com/jedib0t/go-pretty/v6/table"
)

// A result is what one program made of its calls.
type result struct {
	program
	rows []row
}

func tableOf(results []result) string {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"Go", "net/http", "server", "the flush", "method", "in flight", "calls", "broken", "a client says"})
	for _, r := range results {
		for _, row := range r.rows {
			t.AppendRow(table.Row{r.release, r.with, row.Mode, row.Flush, path.Base(row.Method), row.InFlight, row.Calls, row.Broken, row.Text})
		}
		t.AppendSeparator()
	}
	return t.Render()
}
