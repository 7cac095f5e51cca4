package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

const mib = 1 << 20

// Memory has grown if the median of the last third of the samples is above that of the first by more than these: the
// sample at the start, before there were any connections, is left out. RSS has garbage in it, of which there is as much
// as the collector sees fit, and what the runtime has not given back yet.
const (
	heapSlack      = 2 * mib
	rssSlack       = 24 * mib
	goroutineSlack = 20
	slackPercent   = 10 // more
)

// A measure is a number that is not to grow.
type measure struct {
	name  string
	of    func(s sample) uint64
	slack uint64
}

var measures = []measure{
	{"the server's heap and stacks", func(s sample) uint64 { return s.server.Heap }, heapSlack},
	{"the server's resident memory", func(s sample) uint64 { return s.server.RSS }, rssSlack},
	{"the server's goroutines", func(s sample) uint64 { return uint64(s.server.Goroutines) }, goroutineSlack},
	{"the clients' heap and stacks", func(s sample) uint64 { return s.clients.Heap }, heapSlack},
	{"the clients' resident memory", func(s sample) uint64 { return s.clients.RSS }, rssSlack},
	{"the clients' goroutines", func(s sample) uint64 { return uint64(s.clients.Goroutines) }, goroutineSlack},
}

// grew returns the medians of the first and the last third of the samples, and whether that is growth.
func (m measure) grew(samples []sample) (from, to uint64, grew bool) {
	third := max(1, len(samples)/3)
	from, to = m.median(samples[:third]), m.median(samples[len(samples)-third:])
	return from, to, to > from+from*slackPercent/100+m.slack
}

func (m measure) median(samples []sample) uint64 {
	var all []uint64
	for _, s := range samples {
		all = append(all, m.of(s))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// verdict is an error that says what went wrong, all of it.
func (r *report) verdict() error {
	var wrong []error
	for _, k := range r.kinds {
		for _, text := range slices.Sorted(maps.Keys(k.wrong)) {
			wrong = append(wrong, fmt.Errorf("%s: %d × %s", k.name, k.wrong[text], text))
		}
		if k.done+k.asked == 0 {
			wrong = append(wrong, fmt.Errorf("%s: nothing was done", k.name))
		}
	}
	for _, m := range measures {
		if from, to, grew := m.grew(r.samples[1:]); grew {
			wrong = append(wrong, fmt.Errorf("%s grew from %d to %d", m.name, from, to))
		}
	}
	return errors.Join(wrong...)
}

// render renders what was done, and what was held meanwhile.
func (r *report) render() string {
	did := newTable(table.Row{"in " + r.took.String(), "done", "failed as asked", "failed"})
	var done, asked, wrong int
	for _, k := range r.kinds {
		did.AppendRow(table.Row{k.name, k.done, k.asked, k.failures()})
		done, asked, wrong = done+k.done, asked+k.asked, wrong+k.failures()
	}
	did.AppendSeparator()
	did.AppendRow(table.Row{"", done, asked, wrong})
	held := newTable(table.Row{"at", "server: RSS MiB", "heap MiB", "goroutines", "clients: RSS MiB", "heap MiB", "goroutines"})
	for _, s := range r.samples {
		held.AppendRow(table.Row{s.at.Round(time.Second / 10), mibs(s.server.RSS), mibs(s.server.Heap), s.server.Goroutines,
			mibs(s.clients.RSS), mibs(s.clients.Heap), s.clients.Goroutines})
	}
	return did.Render() + "\n" + held.Render()
}

func newTable(header table.Row) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleRounded)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(header)
	var columns []table.ColumnConfig
	for n := 2; n <= len(header); n++ {
		columns = append(columns, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	return t
}

func mibs(n uint64) string { return fmt.Sprintf("%.1f", float64(n)/mib) }
