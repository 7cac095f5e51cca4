package sched

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func benchmarkPolicies(b *testing.B, bench func(b *testing.B, p Policy)) {
	for _, name := range []string{"round robin", "RFC 9218", "RFC 7540", "random"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			bench(b, policies[name]())
		})
	}
}

func openMany(p Policy, streams int) []*Node {
	nodes := make([]*Node, streams)
	for i := range nodes {
		nodes[i] = &Node{ID: uint32(2*i + 1)}
		p.Open(nodes[i], OpenOptions{Priority: Priority{Urgency: 3, Incremental: i%2 == 0}})
		p.SetReady(nodes[i])
	}
	return nodes
}

// BenchmarkTurn has a frame sent by each of many ready streams in turn.
func BenchmarkTurn(b *testing.B) {
	for _, streams := range []int{10, 10000} {
		b.Run(fmt.Sprint(streams), func(b *testing.B) {
			benchmarkPolicies(b, func(b *testing.B, p Policy) {
				openMany(p, streams)
				for b.Loop() {
					n, _ := p.Next()
					p.Sent(n, 1000)
				}
			})
		})
	}
}

// BenchmarkReady makes one of many streams idle and ready again.
func BenchmarkReady(b *testing.B) {
	for _, streams := range []int{10, 10000} {
		b.Run(fmt.Sprint(streams), func(b *testing.B) {
			benchmarkPolicies(b, func(b *testing.B, p Policy) {
				nodes := openMany(p, streams)
				i := 0
				for b.Loop() {
					p.ClearReady(nodes[i])
					p.SetReady(nodes[i])
					i = (i + 7919) % streams
				}
			})
		})
	}
}

// BenchmarkShortStream opens a stream beside many others, sends two frames and closes it.
func BenchmarkShortStream(b *testing.B) {
	for _, streams := range []int{10, 10000} {
		b.Run(fmt.Sprint(streams), func(b *testing.B) {
			benchmarkPolicies(b, func(b *testing.B, p Policy) {
				for _, n := range openMany(p, streams) {
					p.ClearReady(n)
				}
				n := &Node{ID: 1<<24 + 1}
				for b.Loop() {
					p.Open(n, OpenOptions{Priority: Priority{Urgency: 3, Incremental: true}})
					p.SetReady(n)
					p.Sent(n, 0)
					p.Sent(n, 13)
					p.ClearReady(n)
					p.Close(n)
					n.ID += 2
				}
			})
		})
	}
}

// BenchmarkPriorityChurn has a client rearrange the dependency tree at random, and as a chain that it turns over.
func BenchmarkPriorityChurn(b *testing.B) {
	const ids = 1 << 12
	for _, streams := range []int{250, 10000} {
		b.Run(fmt.Sprintf("random/%d", streams), func(b *testing.B) {
			b.ReportAllocs()
			p := newTree()
			openMany(p, streams)
			r := rand.New(rand.NewPCG(9, 10))
			var changes [ids]struct{ id, dep uint32 }
			for i := range changes {
				changes[i].id = uint32(r.IntN(streams)*2 + 1)
				changes[i].dep = uint32(r.IntN(streams)*2 + 1)
			}
			i := 0
			for b.Loop() {
				p.Adjust(changes[i%ids].id, Priority{StreamDep: changes[i%ids].dep, Exclusive: i%2 == 0})
				i++
			}
		})
		b.Run(fmt.Sprintf("chain/%d", streams), func(b *testing.B) {
			b.ReportAllocs()
			p := newTree()
			openMany(p, streams)
			for id := uint32(3); id < uint32(2*streams); id += 2 {
				p.Adjust(id, Priority{StreamDep: id - 2})
			}
			last := uint32(2*min(streams, maxNested) - 1)
			for b.Loop() {
				p.Adjust(1, Priority{StreamDep: last, Exclusive: true})
				p.Adjust(last, Priority{StreamDep: 1, Exclusive: true})
			}
		})
	}
}
