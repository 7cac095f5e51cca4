package main

import (
	"fmt"
	"strings"
)

// A scenario is a load: of h2load on each server, or of each stack's client on one server. One without either is
// idle connections.
type scenario struct {
	name     string
	title    string
	path     string
	h2load   []string
	inFlight int // requests at a time of the client that is measured
	tls      bool
	streams  uint32 // what the Go servers allow on a connection, 0 for their default
	body     string // name of the file that each request carries; a server of files may not take it
	handlers bool   // the path is a handler in Go rather than a file
}

const idleScenario = "idle"

var allScenarios = []scenario{
	{name: "small", title: "8 connections × 32 streams, 13 B", path: "/hello", h2load: []string{"-c8", "-m32"}},
	{name: "single", title: "32 connections × 1 stream, 13 B", path: "/hello", h2load: []string{"-c32", "-m1"}},
	{name: "kib", title: "1 KiB download, 8 connections × 32 streams", path: "/" + fileKibibyte, h2load: []string{"-c8", "-m32"}},
	{name: "kib64", title: "64 KiB download, 8 connections × 32 streams", path: "/" + file64Kibibytes, h2load: []string{"-c8", "-m32"}},
	{name: "download", title: "1 MiB download, 8 × 4", path: "/mebibyte", h2load: []string{"-c8", "-m4"}},
	{name: "upload", title: "1 MiB upload, 8 × 4", path: "/hello", body: fileMebibyte, h2load: []string{"-c8", "-m4"}},
	{name: "tls", title: "TLS, 8 connections × 32 streams, 13 B", tls: true, path: "/hello", h2load: []string{"-c8", "-m32"}},
	{name: "grpc", title: "gRPC, grpc.Server.ServeHTTP, unary, 8 × 32", path: methodSay, body: fileMessage, handlers: true,
		h2load: []string{"-c8", "-m32", "-Hcontent-type: application/grpc", "-Hte: trailers"}},
	{name: "open10", title: "10 streams that sleep 10 ms, 1 connection", path: "/sleep", handlers: true, h2load: []string{"-c1", "-m10"}},
	{name: "open10k", title: "10,000 streams that sleep 10 ms, 1 connection", path: "/sleep", handlers: true, streams: 10_000,
		h2load: []string{"-c1", "-m10000"}},
	{name: "transport", title: "Transport, 64 requests in flight, 13 B", path: "/hello", inFlight: 64},
	{name: "transport1", title: "Transport, 1 request in flight, 13 B", path: "/hello", inFlight: 1},
	{name: "transportkib", title: "Transport, 64 requests in flight, 1 KiB", path: "/" + fileKibibyte, inFlight: 64},
	{name: "transportkib64", title: "Transport, 64 requests in flight, 64 KiB", path: "/" + file64Kibibytes, inFlight: 64},
	{name: "transportup", title: "Transport, 64 uploads of 64 KiB in flight", path: "/hello", body: file64Kibibytes, inFlight: 64},
	{name: idleScenario, title: "idle connections", path: "/hello"},
}

// needsH2load reports whether the scenario's load comes from h2load.
func (s scenario) needsH2load() bool { return s.h2load != nil }

// measuresClients reports whether what is measured are the stacks' clients.
func (s scenario) measuresClients() bool { return s.inFlight > 0 }

// suits reports whether the server can take part, or has a client that can.
func (s scenario) suits(srv server) bool {
	if s.measuresClients() {
		return srv.program == ""
	}
	return (s.body == "" || srv.uploads) && (!s.handlers || srv.handlers)
}

func listScenarios() string {
	var b strings.Builder
	for _, s := range allScenarios {
		fmt.Fprintf(&b, "  %-14s %s\n", s.name, s.title)
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
		missing = append(missing, h2load+"; without it only clients and idle connections can be measured")
	}
	for _, s := range scenarios {
		if h2load == "" || !s.needsH2load() {
			haveScenarios = append(haveScenarios, s)
		}
	}
	return haveServers, haveScenarios, missing
}
