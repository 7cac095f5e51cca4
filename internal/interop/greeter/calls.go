package greeter

import (
	"context"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Fail makes a call that fails. It returns nil if the client is told so.
func Fail(ctx context.Context, cc *grpc.ClientConn) error {
	err := cc.Invoke(ctx, MethodFail, wrapperspb.String("gopher"), new(wrapperspb.StringValue))
	want := status.Convert(Failure)
	if got := status.Convert(err); got.Code() != want.Code() || got.Message() != want.Message() {
		return describe(err)
	}
	return nil
}

// Say makes a call that succeeds.
func Say(ctx context.Context, cc *grpc.ClientConn) error {
	var out wrapperspb.StringValue
	if err := cc.Invoke(ctx, MethodSay, wrapperspb.String("gopher"), &out); err != nil {
		return describe(err)
	}
	if out.GetValue() != greeting("gopher") {
		return fmt.Errorf("the greeting was %q", out.GetValue())
	}
	return nil
}

// Count makes a call that is answered with a stream of messages.
func Count(ctx context.Context, cc *grpc.ClientConn) error {
	stream, err := cc.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, MethodCount)
	if err != nil {
		return describe(err)
	}
	if err := stream.SendMsg(wrapperspb.String("")); err != nil {
		return describe(err)
	}
	if err := stream.CloseSend(); err != nil {
		return describe(err)
	}
	for i := range countTo {
		var out wrapperspb.StringValue
		if err := stream.RecvMsg(&out); err != nil {
			return fmt.Errorf("message %d: %w", i, describe(err))
		}
		if out.GetValue() != fmt.Sprint(i) {
			return fmt.Errorf("message %d was %q", i, out.GetValue())
		}
	}
	if err := stream.RecvMsg(new(wrapperspb.StringValue)); err != io.EOF {
		return fmt.Errorf("after the last message: %w", describe(err))
	}
	return nil
}

// describe renders an error as "Code: message", nil as the success that it should not have been.
func describe(err error) error {
	if err == nil {
		return fmt.Errorf("%v: the call succeeded", codes.OK)
	}
	s := status.Convert(err)
	return fmt.Errorf("%v: %s", s.Code(), s.Message())
}
