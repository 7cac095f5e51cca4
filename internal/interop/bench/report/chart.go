package report

import (
	_ "embed"
	"fmt"
	"html"
	"strings"
	"text/template"

	"h2fork.example/net/internal/interop/bench/load"
	"h2fork.example/net/internal/interop/bench/processes"
)

// The chart has one axis for everything: a quantity of which less is better, relative to the reference's. It is
// drawn here since charting libraries that write SVG draw text as paths or for one background only.

//go:embed chart.svg.tmpl
var chartText string

var chartTemplate = template.Must(template.New("chart").Funcs(template.FuncMap{"sub": func(a, b int) int { return a - b }}).Parse(chartText))

// A panel is a part of the chart with a heading.
type panel struct {
	title string
	rates bool // to show requests a second too
	lines []line
}

var panels = []panel{
	{"Server: CPU time for a request", true, []line{
		{"8 connections × 32 streams, 13 B", in(load.Small), cpuTime},
		{"32 connections × 1 stream, 13 B", in(load.Single), cpuTime},
		{"8 × 32, 1 KiB", in("kib"), cpuTime},
		{"8 × 32, 64 KiB", in("kib64"), cpuTime},
		{"1 MiB download", in("download"), cpuTime},
		{"1 MiB upload", in("upload"), cpuTime},
		{"TLS, 8 × 32, 13 B", in("tls"), cpuTime},
		{"10 streams busy of 10,010", in("open10k"), cpuTime},
	}},
	{"Proxy: CPU time for a gRPC call", true, []line{
		{"8 × 16", in("proxy8x16"), cpuTime},
		{"8 × 16, Trailers-Only", in("proxy8x16no"), cpuTime},
		{"16 × 1", in("proxy16x1"), cpuTime},
		{"16 × 1, Trailers-Only", in("proxy16x1no"), cpuTime},
		{"1 × 1", in("proxy1x1"), cpuTime},
	}},
	{"gRPC through ServeHTTP: CPU time", true, []line{
		{"unary, 8 × 16", in("grpc8x16"), cpuTime},
		{"unary, 16 × 1", in("grpc16x1"), cpuTime},
		{"a message there and back, 8 × 8", in("grpcstream"), cpuTime},
	}},
	{"Transport: CPU time for a request", true, []line{
		{"64 in flight, 13 B", withClients("transport"), cpuTime},
		{"8 in flight, 13 B", withClients("transport8"), cpuTime},
		{"1 in flight, 13 B", withClients("transport1"), cpuTime},
		{"64 uploads of 64 KiB in flight", withClients("transportup"), cpuTime},
	}},
	{"Over a link of 1 Gbit/s: time", false, []line{
		{"64 MiB upload, 1 ms round trip", in("linkup1"), transferTime},
		{"64 MiB upload, 20 ms", in("linkup20"), transferTime},
		{"64 MiB upload, 80 ms", in("linkup80"), transferTime},
		{"64 MiB upload, 200 ms", in("linkup200"), transferTime},
		{"100 uploads of 64 KiB, 80 ms", in("linkmany80"), transferTime},
		{"64 MiB download, 80 ms", withClients("linkdown80"), transferTime},
	}},
	{"Memory and latency", false, []line{
		{"memory of an idle connection", in(load.Idle), idleConn},
		{"heap allocations for a request", in(load.Small), allocs},
		{"99th percentile beside sleepers", in(load.Fast), p99},
		{"median of a proxied gRPC call, 1 × 1", in("proxy1x1"), p50},
	}},
}

// The chart's measures, in pixels.
const (
	chartWidth   = 930
	chartHead    = 92  // title, legend
	chartFoot    = 46  // axis' labels, provenance
	chartLeft    = 270 // where the axis begins
	chartAxis    = 480 // its length
	chartRow     = 22
	chartHeading = 34 // of a panel
	chartBar     = 12
	chartLegend  = 76  // a legend's entry
	chartOurs    = 130 // ours, which is the first

	chartMax = 1.25 // of the axis; what is more is at its end, with an arrow
)

// A chartServer is how a server is drawn. The colours are Okabe and Ito's, which colour-blind people tell apart.
type chartServer struct {
	Name, Label, Colour string
	Shape               string // an SVG path around 0,0
}

const (
	circle   = "M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0z"
	square   = "M-4,-4h8v8h-8z"
	diamond  = "M0,-5.5l5.5,5.5l-5.5,5.5l-5.5,-5.5z"
	triangle = "M0,-5.5l5,9h-10z"
	wedge    = "M0,5.5l5,-9h-10z"
	bars     = "M-4.5,-4.5h9v3.5h-9zM-4.5,1h9v3.5h-9z"
	cross    = "M-2,-5h4v3h3v4h-3v3h-4v-3h-3v-4h3z"
)

var chartMarks = []chartServer{
	{"nethttp", "net/http", "#56b4e9", circle},
	{"hyper", "hyper", "#d55e00", diamond},
	{"nghttpd", "nghttpd", "#e69f00", square},
	{"h2o", "h2o", "#cc79a7", triangle},
	{"nginx", "nginx", "#009e73", wedge},
	{"nghttpx", "nghttpx", "#a66f00", bars},
	{"grpcgo", "grpc-go", "#8c8c00", cross},
}

// A drawing is what chart.svg.tmpl needs.
type drawing struct {
	Width, Height            int
	Left, Right, Top, Bottom int // the axis' field
	Reference                int // where the reference is
	Ticks                    []placed
	Legend                   []mark
	Headings                 []placed
	Bars                     []bar
	Foot                     string
}

// A placed is a text at a place on one of the axes.
type placed struct {
	At   int
	Text string
}

type mark struct {
	chartServer
	X, Y   int
	Beyond bool // the axis' end
}

// A bar is a row: this repository's ratio, and the others'.
type bar struct {
	Y, Middle, Width, Height int
	Label, Ratio, Rate       string
	Marks                    []mark
}

// Chart renders the results as SVG.
func Chart(records []*Record, res Results) (string, error) {
	first := records[0]
	d := drawing{
		Width: chartWidth, Left: chartLeft, Right: chartLeft + chartAxis, Top: chartHead, Reference: axisAt(1),
		Foot: html.EscapeString(fmt.Sprintf("%s; %s", first.Machine, medians(records))),
	}
	for _, tick := range []float64{0, 0.25, 0.5, 0.75, 1} {
		d.Ticks = append(d.Ticks, placed{axisAt(tick), fmt.Sprint(tick)})
	}
	for i, s := range chartMarks {
		d.Legend = append(d.Legend, mark{chartServer: s, X: chartLeft + chartOurs + i*chartLegend})
	}
	d.Bottom = chartHead
	for _, p := range panels {
		d.add(res, p)
	}
	d.Height = d.Bottom + chartFoot
	var b strings.Builder
	err := chartTemplate.Execute(&b, d)
	return b.String(), err
}

// add draws a panel below what there is: the lines that were measured.
func (d *drawing) add(res Results, p panel) {
	heading := placed{d.Bottom + chartHeading - chartRow/2, p.title}
	y := d.Bottom + chartHeading
	for _, l := range p.lines {
		if res.value(l, ours) == 0 || res.value(l, processes.Reference) == 0 {
			continue
		}
		d.Bars = append(d.Bars, newBar(res, l, y, p.rates))
		y += chartRow
	}
	if y == d.Bottom+chartHeading {
		return
	}
	d.Headings = append(d.Headings, heading)
	d.Bottom = y
}

func newBar(res Results, l line, y int, rates bool) bar {
	relative := func(server string) float64 { return res.ratio(l.key, l.metric, server, processes.Reference) }
	b := bar{
		Y:      y + (chartRow-chartBar)/2,
		Middle: y + chartRow/2,
		Width:  axisAt(relative(ours)) - chartLeft,
		Height: chartBar,
		Label:  l.title,
		Ratio:  fmt.Sprintf("%.2f ×", relative(ours)),
	}
	if rate := res.ratio(l.key, perSec, ours, processes.Reference); rate > 0 && rates {
		b.Rate = fmt.Sprintf("%.1f ×", rate)
	}
	for _, s := range chartMarks {
		if value := relative(s.Name); value > 0 {
			b.Marks = append(b.Marks, mark{s, axisAt(value), b.Middle, value > chartMax})
		}
	}
	return b
}

// axisAt returns where a ratio is on the axis.
func axisAt(ratio float64) int {
	return chartLeft + int(min(ratio, chartMax)/chartMax*chartAxis)
}
