package processes

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

// The methods of the gRPC service.
const (
	MethodSay  = "/bench.Greeter/Say"
	MethodChat = "/bench.Greeter/Chat"
)

const (
	sleepTime = 10 * time.Millisecond
)

// Content returns the handler of the Go servers. The servers of files have the same files.
func Content() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/"+FileHello, func(w http.ResponseWriter, r *http.Request) {
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
	mux.HandleFunc("/park", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	services := grpc.NewServer()
	services.RegisterService(&greeter, nil)
	mux.Handle(MethodSay, services)
	mux.Handle(MethodChat, services)
	return mux
}

var greeter = grpc.ServiceDesc{
	ServiceName: "bench.Greeter",
	Methods:     []grpc.MethodDesc{{MethodName: "Say", Handler: say}},
	Streams:     []grpc.StreamDesc{GreeterChat},
}

func say(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var in wrapperspb.StringValue
	if err := decode(&in); err != nil {
		return nil, err
	}
	return &in, nil
}

// GreeterChat is MethodChat: each message comes back.
var GreeterChat = grpc.StreamDesc{StreamName: "Chat", Handler: answerEach, ServerStreams: true, ClientStreams: true}

func answerEach(_ any, stream grpc.ServerStream) error {
	for {
		var in wrapperspb.StringValue
		if err := stream.RecvMsg(&in); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		if err := stream.SendMsg(&in); err != nil {
			return err
		}
	}
}

// sayMessage returns a message to MethodSay as it is in a request's body: flags, length, protobuf.
func sayMessage() []byte {
	message, err := proto.Marshal(wrapperspb.String("gopher"))
	if err != nil {
		panic(err) // a string in UTF-8 can be marshaled
	}
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}
