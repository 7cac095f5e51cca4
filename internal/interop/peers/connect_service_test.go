package peers

import (
	"context"
	"errors"
	"io"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// bytesValue is the only message there is.
type bytesValue = wrapperspb.BytesValue

// connectService is echoService again, of connect-go: the same methods, answered over gRPC, gRPC-Web and Connect.
func connectService() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(methodEcho, connect.NewUnaryHandler(methodEcho, connectEcho))
	mux.Handle(methodSplit, connect.NewServerStreamHandler(methodSplit, connectSplit))
	mux.Handle(methodJoin, connect.NewClientStreamHandler(methodJoin, connectJoin))
	mux.Handle(methodTalk, connect.NewBidiStreamHandler(methodTalk, connectTalk))
	return mux
}

// connectError is the error as connect-go has it, which is nil if there is none.
func connectError(err error) error {
	if err == nil {
		return nil
	}
	s := status.Convert(err)
	e := connect.NewError(connect.Code(s.Code()), errors.New(s.Message()))
	for _, any := range s.Proto().GetDetails() {
		detail, err := connect.NewErrorDetail(any)
		if err != nil {
			return err
		}
		e.AddDetail(detail)
	}
	return e
}

func connectEcho(ctx context.Context, req *connect.Request[bytesValue]) (*connect.Response[bytesValue], error) {
	if err := obey(ctx, req.Msg.GetValue()); err != nil {
		return nil, connectError(err)
	}
	resp := connect.NewResponse(req.Msg)
	if ping := req.Header()["Ping"]; len(ping) > 0 {
		resp.Header()["Pong"] = ping
		resp.Header()["Pong-Bin"] = req.Header()["Ping-Bin"] // encoded as it is
		resp.Trailer()["Pong-Trailer"] = ping
	}
	return resp, nil
}

func connectSplit(ctx context.Context, req *connect.Request[bytesValue], stream *connect.ServerStream[bytesValue]) error {
	message := req.Msg.GetValue()
	if err := obey(ctx, message); err != nil {
		return connectError(err)
	}
	for i := range message {
		if err := stream.Send(wrapperspb.Bytes(message[i : i+1])); err != nil {
			return err
		}
	}
	return nil
}

func connectJoin(ctx context.Context, stream *connect.ClientStream[bytesValue]) (*connect.Response[bytesValue], error) {
	var all []byte
	for stream.Receive() {
		if err := obey(ctx, stream.Msg().GetValue()); err != nil {
			return nil, connectError(err)
		}
		all = append(all, stream.Msg().GetValue()...)
	}
	return connect.NewResponse(wrapperspb.Bytes(all)), stream.Err()
}

func connectTalk(ctx context.Context, stream *connect.BidiStream[bytesValue, bytesValue]) error {
	for {
		message, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := obey(ctx, message.GetValue()); err != nil {
			return connectError(err)
		}
		if err := stream.Send(message); err != nil {
			return err
		}
	}
}
