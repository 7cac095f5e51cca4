package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	methodEcho = "/soak.Chat/Echo" // unary: the message
	methodTalk = "/soak.Chat/Talk" // each message, as it comes
	methodWait = "/soak.Chat/Wait" // nothing, until the call's context is done
)

var talkDesc = grpc.StreamDesc{StreamName: "Talk", Handler: talk, ServerStreams: true, ClientStreams: true}

var chatService = grpc.ServiceDesc{
	ServiceName: "soak.Chat",
	Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: echo}, {MethodName: "Wait", Handler: wait}},
	Streams:     []grpc.StreamDesc{talkDesc},
}

func echo(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var in wrapperspb.BytesValue
	err := decode(&in)
	return &in, err
}

func wait(_ any, ctx context.Context, _ func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func talk(_ any, stream grpc.ServerStream) error {
	for {
		var in wrapperspb.BytesValue
		if err := stream.RecvMsg(&in); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(&in); err != nil {
			return err
		}
	}
}

// newHandler returns what the server serves.
func newHandler() http.Handler {
	services := grpc.NewServer()
	services.RegisterService(&chatService, nil)
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "Hello, world!") })
	mux.HandleFunc("/down/{n}", down)
	mux.HandleFunc("/up", up)
	mux.HandleFunc("/wait", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			services.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// down answers with n bytes in pieces of several sizes, some of them flushed.
func down(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p := make([]byte, 64<<10)
	for at, size := 0, 100; at < n; size = size*3%len(p) + 1 {
		piece := p[:min(size, n-at)]
		fill(piece, at)
		if _, err := w.Write(piece); err != nil {
			return
		}
		if size%5 == 0 {
			http.NewResponseController(w).Flush()
		}
		at += len(piece)
	}
}

// up answers with the number of bytes that came, if they are the right ones.
func up(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(new(checker), r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Trailer", "X-Bytes")
	fmt.Fprint(w, n)
	w.Header().Set("X-Bytes", fmt.Sprint(n))
}

// fill makes p content of which each byte tells its place; p begins at a place.
func fill(p []byte, at int) {
	for i := range p {
		p[i] = contentAt(at + i)
	}
}

func contentAt(at int) byte { return byte(at ^ at>>8 ^ at>>16) }

// A checker is written content, and returns an error for a byte that is not in its place.
type checker struct{ at int }

func (c *checker) Write(p []byte) (int, error) {
	for i, b := range p {
		if b != contentAt(c.at) {
			return i, fmt.Errorf("byte %d is wrong", c.at)
		}
		c.at++
	}
	return len(p), nil
}

// content is n bytes to be read.
type content struct{ at, n int }

func (c *content) Read(p []byte) (int, error) {
	if c.at == c.n {
		return 0, io.EOF
	}
	p = p[:min(len(p), c.n-c.at)]
	fill(p, c.at)
	c.at += len(p)
	return len(p), nil
}
