package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// grpcClient has grpc-go's client make calls on a connection.
func grpcClient(to target, call func(ctx context.Context, cc *grpc.ClientConn) error) (func() error, func()) {
	creds := insecure.NewCredentials()
	if to.tls != nil {
		creds = credentials.NewTLS(to.tls.Clone())
	}
	cc, err := grpc.NewClient(to.addr, grpc.WithTransportCredentials(creds))
	if err != nil {
		return func() error { return err }, func() {}
	}
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return call(ctx, cc)
	}, func() { cc.Close() }
}

func grpcCalls(to target) (func() error, func()) {
	message := make([]byte, 1000)
	return grpcClient(to, func(ctx context.Context, cc *grpc.ClientConn) error {
		var answer wrapperspb.BytesValue
		err := cc.Invoke(ctx, methodEcho, wrapperspb.Bytes(message), &answer)
		if err == nil && len(answer.Value) != len(message) {
			err = fmt.Errorf("%d of %d bytes came back", len(answer.Value), len(message))
		}
		return err
	})
}

// grpcStreams sends messages there and back, small ones and large ones.
func grpcStreams(to target) (func() error, func()) {
	return grpcClient(to, func(ctx context.Context, cc *grpc.ClientConn) error {
		stream, err := cc.NewStream(ctx, &talkDesc, methodTalk)
		if err != nil {
			return err
		}
		for n := 1; n < 200_000; n *= 3 {
			message := make([]byte, n)
			fill(message, 0)
			if err := stream.SendMsg(wrapperspb.Bytes(message)); err != nil {
				return err
			}
			var answer wrapperspb.BytesValue
			if err := stream.RecvMsg(&answer); err != nil {
				return err
			}
			if string(answer.Value) != string(message) {
				return fmt.Errorf("%d bytes came back, or others, of %d", len(answer.Value), n)
			}
		}
		stream.CloseSend()
		if err := stream.RecvMsg(new(wrapperspb.BytesValue)); err != io.EOF {
			return fmt.Errorf("the stream ends with %v", err)
		}
		return nil
	})
}

func grpcCancelled(to target) (func() error, func()) {
	return grpcClient(to, func(ctx context.Context, cc *grpc.ClientConn) error {
		ctx, cancel := context.WithCancel(ctx)
		defer time.AfterFunc(5*time.Millisecond, cancel).Stop()
		err := cc.Invoke(ctx, methodWait, wrapperspb.Bytes(nil), new(wrapperspb.BytesValue))
		return askedFor(err, status.Code(err) == codes.Canceled)
	})
}
