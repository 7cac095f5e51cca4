// Package greeter is a small gRPC service on grpc-go, and calls of it that know what the service meant.
package greeter

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// The three methods of the service. Fail answers every call with Failure, at once, which gRPC
// sends as Trailers-Only: one HEADERS frame that carries grpc-status and ends the stream.
const (
	MethodFail  = "/demo.Greeter/Fail"
	MethodSay   = "/demo.Greeter/Say"
	MethodCount = "/demo.Greeter/Count"
)

// countTo is how many messages a Count call streams.
const countTo = 5

// Failure is what a Fail call is answered with.
var Failure = status.Error(codes.NotFound, "no such greeting")

// Start serves the service on a loopback port with grpc-go's own HTTP/2.
func Start() (addr string, stop func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := grpc.NewServer()
	srv.RegisterService(&service, nil)
	go srv.Serve(ln)
	return ln.Addr().String(), srv.Stop, nil
}

var service = grpc.ServiceDesc{
	ServiceName: "demo.Greeter",
	Methods: []grpc.MethodDesc{
		{MethodName: "Fail", Handler: unary(func(string) (string, error) { return "", Failure })},
		{MethodName: "Say", Handler: unary(func(name string) (string, error) { return greeting(name), nil })},
	},
	Streams: []grpc.StreamDesc{
		{StreamName: "Count", Handler: count, ServerStreams: true},
	},
}

func greeting(name string) string { return "hello " + name }

// unary makes a gRPC method of answer; there is no generated code to do so.
func unary(answer func(string) (string, error)) grpc.MethodHandler {
	return func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var in wrapperspb.StringValue
		if err := decode(&in); err != nil {
			return nil, err
		}
		out, err := answer(in.GetValue())
		if err != nil {
			return nil, err
		}
		return wrapperspb.String(out), nil
	}
}

func count(_ any, stream grpc.ServerStream) error {
	var in wrapperspb.StringValue
	if err := stream.RecvMsg(&in); err != nil {
		return err
	}
	for i := range countTo {
		if err := stream.SendMsg(wrapperspb.String(fmt.Sprint(i))); err != nil {
			return err
		}
	}
	return nil
}
