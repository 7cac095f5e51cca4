package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/http2"
	"h2fork.example/net/internal/interop/stack"
)

// postTimeout is when a request is lost that is neither answered nor fails.
const postTimeout = 5 * time.Second

// refusedPosts sends n requests, each to a server that refuses it on the first connection and answers it on the next.
func refusedPosts(s stack.Stack, n int, step func()) (*outcome, error) {
	out := new(outcome)
	for i := range n {
		srv, err := startRefusing()
		if err != nil {
			return nil, err
		}
		tr := dialer(s, dialAddr(srv.ln.Addr().String()))
		ctx, cancel := context.WithTimeout(context.Background(), postTimeout)
		out.count(post(ctx, tr, "http://backend.example/", fmt.Sprintf("order %d", i)))
		cancel()
		srv.close()
		if srv.refused == 0 {
			return nil, errors.New("the server refused nothing: its first connection saw no whole request")
		}
		step()
	}
	return out, nil
}

// A refusing server answers the first connection's request with GOAWAY(0) when all of it has come, and serves the others.
type refusing struct {
	ln      net.Listener
	running sync.WaitGroup
	refused int // written by the first connection's goroutine; read when running is done

	mu    sync.Mutex
	conns []net.Conn // guarded by mu
}

func startRefusing() (*refusing, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	srv := &refusing{ln: ln}
	srv.running.Go(func() {
		for first := true; ; first = false {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			srv.mu.Lock()
			srv.conns = append(srv.conns, nc)
			srv.mu.Unlock()
			srv.running.Go(func() { srv.serve(nc, first) })
		}
	})
	return srv, nil
}

func (srv *refusing) close() {
	srv.ln.Close()
	srv.mu.Lock()
	for _, nc := range srv.conns {
		nc.Close()
	}
	srv.mu.Unlock()
	srv.running.Wait()
}

// serve reads requests until the connection ends. A refused one's connection stays open: to close it is the client's part.
func (srv *refusing) serve(nc net.Conn, refuse bool) {
	defer nc.Close()
	if _, err := io.ReadFull(nc, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	fr := http2.NewFramer(nc, nc)
	fr.WriteSettings()
	bodies := make(map[uint32]*bytes.Buffer)
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			return
		}
		ended := false
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				fr.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				fr.WritePing(true, f.Data)
			}
		case *http2.HeadersFrame:
			bodies[f.StreamID] = new(bytes.Buffer)
			ended = f.StreamEnded()
		case *http2.DataFrame:
			if b := bodies[f.StreamID]; b != nil {
				b.Write(f.Data())
				ended = f.StreamEnded()
			}
		}
		if !ended {
			continue
		}
		if refuse {
			srv.refused++
			fr.WriteGoAway(0, http2.ErrCodeNo, nil)
			continue
		}
		answer(fr, f.Header().StreamID, bodies[f.Header().StreamID].Bytes())
	}
}

// answer sends a response with body.
func answer(fr *http2.Framer, stream uint32, body []byte) {
	var section bytes.Buffer
	hpack.NewEncoder(&section).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	fr.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: section.Bytes(), EndHeaders: true})
	fr.WriteData(stream, true, body)
}
