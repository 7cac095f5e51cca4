package main

import (
	"cmp"
	"maps"
	"regexp"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"h2fork.example/net/internal/interop/stack"
)

// A row is what came of a scenario, on each stack.
type row struct {
	scenario
	outcomes []*outcome
}

// outcomeTable renders a line for each scenario.
func outcomeTable(stacks []stack.Stack, rows []row) string {
	t := newTable()
	head := table.Row{"what happens"}
	for _, s := range stacks {
		head = append(head, s.Path)
	}
	t.AppendHeader(append(head, "goal"))
	for _, r := range rows {
		line := table.Row{r.name}
		for _, o := range r.outcomes {
			colour := text.FgRed
			if r.goal.met(o) {
				colour = text.FgGreen
			}
			line = append(line, colour.Sprint(o))
		}
		t.AppendRow(append(line, r.goal))
	}
	return t.Render()
}

// mostTexts bounds the errors that are listed of one scenario and stack.
const mostTexts = 4

// textTable renders the errors of each scenario, most frequent first; "" if there were none.
func textTable(stacks []stack.Stack, rows []row) string {
	t := newTable()
	t.AppendHeader(table.Row{"what happens", "stack", "times", "error"})
	for _, r := range rows {
		name := r.name // in its first line only
		for i, o := range r.outcomes {
			reasons := o.reasons()
			byCount := slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
				return cmp.Or(cmp.Compare(reasons[b], reasons[a]), cmp.Compare(a, b))
			})
			for _, reason := range byCount[:min(len(byCount), mostTexts)] {
				t.AppendRow(table.Row{name, stacks[i].Name, reasons[reason], reason})
				name = ""
			}
		}
		t.AppendSeparator()
	}
	if t.Length() == 0 {
		return ""
	}
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 4, WidthMax: 64, WidthMaxEnforcer: text.WrapSoft}})
	return t.Render()
}

func newTable() table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleRounded)
	t.Style().Format.Header = text.FormatDefault
	return t
}

var (
	port     = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	streamID = regexp.MustCompile(`(?i)(stream|LastStreamID|lastStreamID)([ =:]*)\d+`)
)

// steady is an error's text without the numbers that are others each time.
func steady(err error) string {
	return streamID.ReplaceAllString(port.ReplaceAllString(err.Error(), "127.0.0.1:…"), "$1$2…")
}
