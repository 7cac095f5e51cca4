package main

import (
	"fmt"
	"strings"
)

// A scenario is a load. One without h2load arguments is idle connections.
type scenario struct {
	name     string
	title    string
	path     string
	h2load   []string
	tls      bool
	streams  uint32 // what the Go servers allow on a connection, 0 for their default
	body     string // name of the file that each request carries; a server of files may not take it
	handlers bool   // the path is a handler in Go rather than a file
}

const idleScenario = "idle"

var allScenarios = []scenario{
	{name: "small", title: "8 connections × 32 streams, 13 B", path: "/hello", h2load: []string{"-c8", "-m32"}},
	{name: "single", title: "32 connections × 1 stream, 13 B", path: "/hello", h2load: []string{"-c32", "-m1"}},
	{name: "download", title: "1 MiB download, 8 × 4", path: "/mebibyte", h2load: []string{"-c8", "-m4"}},
	{name: "upload", title: "1 MiB upload, 8 × 4", path: "/hello", body: fileMebibyte, h2load: []string{"-c8", "-m4"}},
	{name: "tls", title: "TLS, 8 connections × 32 streams, 13 B", tls: true, path: "/hello", h2load: []string{"-c8", "-m32"}},
	{name: "grpc", title: "gRPC, grpc.Server.ServeHTTP, unary, 8 × 32", path: methodSay, body: fileMessage, handlers: true,
		h2load: []string{"-c8", "-m32", "-Hcontent-type: application/grpc", "-Hte: trailers"}},
	{name: "open10", title: "10 streams that sleep 10 ms, 1 connection", path: "/sleep", handlers: true, h2load: []string{"-c1", "-m10"}},
	{name: "open10k", title: "10,000 streams that sleep 10 ms, 1 connection", path: "/sleep", handlers: true, streams: 10_000,
		h2load: []string{"-c1", "-m10000"}},
	{name: idleScenario, title: "idle connections", path: "/hello"},
}

// needsH2load reports whether the scenario's load comes from h2load.
func (s scenario) needsH2load() bool { return s.h2load != nil }

// suits reports whether the server can take part.
func (s scenario) suits(srv server) bool {
	return (s.body == "" || srv.uploads) && (!s.handlers || srv.handlers)
}

func listScenarios() string {
	var b strings.Builder
	for _, s := range allScenarios {
		fmt.Fprintf(&b, "  %-10s %s\n", s.name, s.title)
	}
	return b.String()
}

// present drops what this machine cannot run, and says why.
func present(servers []server, scenarios []scenario) (haveServers []server, haveScenarios []scenario, missing []string) {
	for _, s := range servers {
		if why := s.missing(); why != "" {
			missing = append(missing, why)
			continue
		}
		haveServers = append(haveServers, s)
	}
	h2load := notInstalled("h2load", "nghttp2-client")
	if h2load != "" {
		missing = append(missing, h2load+"; without it only idle connections can be measured")
	}
	for _, s := range scenarios {
		if h2load == "" || !s.needsH2load() {
			haveScenarios = append(haveScenarios, s)
		}
	}
	return haveServers, haveScenarios, missing
}
