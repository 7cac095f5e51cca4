package main

import (
	"context"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// The two methods of the service. Fail answers every call with failure; Retry is unavailable twice before it answers.
const (
	methodFail  = "/demo.Greeter/Fail"
	methodRetry = "/demo.Greeter/Retry"
)

var failure = status.New(codes.NotFound, "no such greeting")

// attemptsField is what grpc-go tells a server about earlier attempts at a call.
const attemptsField = "grpc-previous-rpc-attempts"

// retryPolicy is a client's service config: try four times if the server is unavailable.
const retryPolicy = `{"methodConfig": [{
	"name": [{"service": "demo.Greeter"}],
	"retryPolicy": {
		"maxAttempts": 4,
		"initialBackoff": "0.001s",
		"maxBackoff": "0.001s",
		"backoffMultiplier": 1,
		"retryableStatusCodes": ["UNAVAILABLE"]
	}
}]}`

// startBackend serves the service on a loopback port with grpc-go's own HTTP/2.
func startBackend() (addr string, stop func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := grpc.NewServer()
	srv.RegisterService(&grpc.ServiceDesc{
		ServiceName: "demo.Greeter",
		Methods: []grpc.MethodDesc{
			{MethodName: "Fail", Handler: unary(func(context.Context) error { return failure.Err() })},
			{MethodName: "Retry", Handler: unary(unavailableTwice)},
		},
	}, nil)
	go srv.Serve(ln)
	return ln.Addr().String(), srv.Stop, nil
}

func unavailableTwice(ctx context.Context) error {
	md, _ := metadata.FromIncomingContext(ctx)
	if earlier := md.Get(attemptsField); len(earlier) == 1 && earlier[0] == "2" {
		return nil
	}
	return status.Error(codes.Unavailable, "try again")
}

// unary makes a gRPC method that answers with an empty message; there is no generated code to do so.
func unary(answer func(context.Context) error) grpc.MethodHandler {
	return func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		if err := decode(new(wrapperspb.StringValue)); err != nil {
			return nil, err
		}
		if err := answer(ctx); err != nil {
			return nil, err
		}
		return new(wrapperspb.StringValue), nil
	}
}
