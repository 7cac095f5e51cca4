package main

import (
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	methodSay = "/bench.Greeter/Say"
	sleepTime = 10 * time.Millisecond
)

// content returns the handler of the Go servers. The servers of files have the same files.
func content() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/"+fileHello, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			io.Copy(io.Discard, r.Body)
		}
		io.WriteString(w, hello)
	})
	for name, size := range fillers {
		content := filler(size)
		mux.HandleFunc("/"+name, func(w http.ResponseWriter, _ *http.Request) { w.Write(content) })
	}
	mux.HandleFunc("/sleep", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(sleepTime)
		io.WriteString(w, hello)
	})
	services := grpc.NewServer()
	services.RegisterService(&greeter, nil)
	mux.Handle(methodSay, services)
	return mux
}

var greeter = grpc.ServiceDesc{
	ServiceName: "bench.Greeter",
	Methods:     []grpc.MethodDesc{{MethodName: "Say", Handler: say}},
}

func say(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var in wrapperspb.StringValue
	if err := decode(&in); err != nil {
		return nil, err
	}
	return &in, nil
}

// sayMessage returns a message to methodSay as it is in a request's body: flags, length, protobuf.
func sayMessage() []byte {
	message, err := proto.Marshal(wrapperspb.String("gopher"))
	if err != nil {
		panic(err) // a string in UTF-8 can be marshaled
	}
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}
