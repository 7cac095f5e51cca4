package processes

import (
	"context"
	"encoding/binary"
	"io"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// The methods of the gRPC service. Say answers with the message that it gets. Fail answers with an error, at once, which
// gRPC sends as Trailers-Only: one HEADERS frame. Chat is a stream on which each message comes back.
const (
	MethodSay  = "/bench.Greeter/Say"
	MethodFail = "/bench.Greeter/Fail"
	MethodChat = "/bench.Greeter/Chat"
)

// FailCode is what Fail answers with.
const FailCode = codes.NotFound

var greeter = grpc.ServiceDesc{
	ServiceName: "bench.Greeter",
	Methods:     []grpc.MethodDesc{{MethodName: "Say", Handler: say}, {MethodName: "Fail", Handler: fail}},
	Streams:     []grpc.StreamDesc{GreeterChat},
}

// newGRPC returns a server of the service: with grpc-go's own HTTP/2, or with another's through ServeHTTP.
func newGRPC() *grpc.Server {
	srv := grpc.NewServer()
	srv.RegisterService(&greeter, nil)
	return srv
}

func say(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var in wrapperspb.StringValue
	if err := decode(&in); err != nil {
		return nil, err
	}
	return &in, nil
}

func fail(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var in wrapperspb.StringValue
	if err := decode(&in); err != nil {
		return nil, err
	}
	return nil, status.Error(FailCode, "no such greeting")
}

// GreeterChat is MethodChat.
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

const roleGRPC = "grpc"

// startGRPC starts the service with grpc-go's own HTTP/2.
func startGRPC(_ *Machine, s Setting) (*Process, error) {
	return startServer(roleGRPC, struct{}{}, s.Procs)
}

func serveGRPC(struct{}) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go newGRPC().Serve(ln)
	return announce("http://" + ln.Addr().String())
}
