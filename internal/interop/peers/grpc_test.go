package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"h2fork.example/net/internal/interop/stack"
)

// withGRPC runs test with grpc-go's client in each mode, with grpc.Server.ServeHTTP and with connect-go's handlers,
// and with a context that bounds it.
func withGRPC(t *testing.T, test func(t *testing.T, ctx context.Context, cc *grpc.ClientConn)) {
	inEachMode(t, func(t *testing.T, m stack.Mode) {
		for name, h := range map[string]http.Handler{"grpc-go": newGRPC(), "connect-go": connectService()} {
			t.Run(name, func(t *testing.T) {
				goroutinesReturn(t, func() {}) // startGRPC closes the client's connection
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				t.Cleanup(cancel)
				test(t, ctx, startGRPC(t, m, h))
			})
		}
	})
}

func callEcho(ctx context.Context, cc *grpc.ClientConn, message []byte, opts ...grpc.CallOption) ([]byte, error) {
	var out wrapperspb.BytesValue
	err := cc.Invoke(ctx, methodEcho, wrapperspb.Bytes(message), &out, opts...)
	return out.GetValue(), err
}

// open starts a streaming call and sends messages, and with last nothing more.
func open(t *testing.T, ctx context.Context, cc *grpc.ClientConn, desc grpc.StreamDesc, method string, last bool, messages ...string) grpc.ClientStream {
	t.Helper()
	stream, err := cc.NewStream(ctx, &desc, method)
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range messages {
		if err := stream.SendMsg(wrapperspb.Bytes([]byte(message))); err != nil {
			t.Fatal(err)
		}
	}
	if last {
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
	}
	return stream
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Errorf("error %v, want code %v", err, want)
	}
}

// wantAsked checks that err is errAsked, to its details.
func wantAsked(t *testing.T, err error) {
	t.Helper()
	if !proto.Equal(status.Convert(err).Proto(), status.Convert(errAsked).Proto()) {
		t.Errorf("error %v, want %v", err, errAsked)
	}
}

func TestGRPCUnaryCallReturnsTheMessage(t *testing.T) {
	withGRPC(t, func(t *testing.T, ctx context.Context, cc *grpc.ClientConn) {
		got, err := callEcho(ctx, cc, []byte("hello"))
		if err != nil || string(got) != "hello" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestGRPCUnaryErrorReachesTheClient(t *testing.T) {
	withGRPC(t, func(t *testing.T, ctx context.Context, cc *grpc.ClientConn) {
		_, err := callEcho(ctx, cc, []byte(askFail))
		wantAsked(t, err)
	})
}

func TestGRPCUnknownMethodIsUnimplemented(t *testing.T) {
	withGRPC(t, func(t *testing.T, ctx context.Context, cc *grpc.ClientConn) {
		err := cc.Invoke(ctx, "/interop.Echo/Nothing", wrapperspb.Bytes(nil), new(wrapperspb.BytesValue))
		wantCode(t, err, codes.Unimplemented)
	})
}

func TestGRPCServerStreamArrivesInOrder(t *testing.T) {
	withGRPC(t, func(t *testing.T, ctx context.Context, cc *grpc.ClientConn) {
		stream := open(t, ctx, cc, descSplit, methodSplit, true, "abcdefghij")
		var got []byte
		for {
			message, err := receive(stream)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, message...)
		}
		if string(got) != "abcdefghij" {
			t.Errorf("got %q", got)
		}
	})
}

func TestGRPCServerStreamErrorReachesTheClient(t *testing.T) {
	withGRPC(t, func(t *testing.T, ctx context.Context, cc *grpc.ClientConn) {
		_, err := receive(open(t, ctx, cc, descSplit, methodSplit, true, askFail))
		wantAsked(t, err)
	})
}

func TestGRPCClientStreamIsReadToItsEnd(t *testing.T) {
	withGRPC(t, func(t *testing.T, ctx context.Context, cc *grpc.ClientConn) {
		got, err := receive(open(t, ctx, cc, descJoin, methodJoin, true, "one ", "two ", "three"))
		if err != nil || string(got) != "one two three" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestGRPCClientStreamMayBeRefusedBeforeItsEnd(t *testing.T) {
	withGRPC(t, func(t *testing.T, ctx context.Context, cc *grpc.ClientConn) {
		_, err := receive(open(t, ctx, cc, descJoin, methodJoin, false, "one ", askFail))
		wantAsked(t, err)
	})
}

func TestGRPCBidirectionalCallAnswersBeforeTheNextQuestion(t *testing.T) {
	withGRPC(t, func(t *testing.T, ctx context.Context, cc *grpc.ClientConn) {
		stream := open(t, ctx, cc, descTalk, methodTalk, false)
		for i := range 100 {
			question := fmt.Sprint("question ", i)
			if err := stream.SendMsg(wrapperspb.Bytes([]byte(question))); err != nil {
				t.Fatal(err)
			}
			if got, err := receive(stream); err != nil || string(got) != question {
				t.Fatalf("got %q, %v, want %q", got, err, question)
			}
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if _, err := receive(stream); !errors.Is(err, io.EOF) {
			t.Errorf("after the last answer: %v, want EOF", err)
		}
	})
}

func TestGRPCMetadataTravelsBothWays(t *testing.T) {
	withGRPC(t, func(t *testing.T, ctx context.Context, cc *grpc.ClientConn) {
		ctx = metadata.AppendToOutgoingContext(ctx, "ping", "one", "ping", "two", "ping-bin", "\x00\xff")
		var header, trailer metadata.MD
		if _, err := callEcho(ctx, cc, []byte("hello"), grpc.Header(&header), grpc.Trailer(&trailer)); err != nil {
			t.Fatal(err)
		}
		for _, got := range []struct {
			name string
			have []string
			want string
		}{
			{"pong", header["pong"], "[one two]"},
			{"pong-bin", header["pong-bin"], "[\x00\xff]"},
			{"pong-trailer", trailer["pong-trailer"], "[one two]"},
		} {
			if fmt.Sprint(got.have) != got.want {
				t.Errorf("%s: %q, want %q", got.name, got.have, got.want)
			}
		}
	})
}

func TestGRPCDeadlineEndsTheCallOnBothSides(t *testing.T) {
	withGRPC(t, func(t *testing.T, ctx context.Context, cc *grpc.ClientConn) {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		_, err := callEcho(ctx, cc, []byte(askWait)) // goroutinesReturn sees whether the handler ended
		wantCode(t, err, codes.DeadlineExceeded)
	})
}

func TestGRPCCancellationEndsTheCallOnBothSides(t *testing.T) {
	withGRPC(t, func(t *testing.T, ctx context.Context, cc *grpc.ClientConn) {
		ctx, cancel := context.WithCancel(ctx)
		stream := open(t, ctx, cc, descTalk, methodTalk, false, "hello")
		if _, err := receive(stream); err != nil {
			t.Fatal(err)
		}
		if err := stream.SendMsg(wrapperspb.Bytes([]byte(askWait))); err != nil {
			t.Fatal(err)
		}
		cancel()
		_, err := receive(stream)
		wantCode(t, err, codes.Canceled)
	})
}

func TestGRPCLargeMessagesSurviveFlowControl(t *testing.T) {
	withGRPC(t, func(t *testing.T, ctx context.Context, cc *grpc.ClientConn) {
		message := make([]byte, 20<<20)
		io.ReadFull(noise(int64(len(message))), message)
		got, err := callEcho(ctx, cc, message)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, message) {
			t.Error("the message came back changed")
		}
	})
}

func TestGRPCCallsShareAConnection(t *testing.T) {
	withGRPC(t, func(t *testing.T, ctx context.Context, cc *grpc.ClientConn) {
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				message := bytes.Repeat([]byte{byte(i)}, 1<<uint(i%16))
				for range 20 {
					got, err := callEcho(ctx, cc, message)
					if err != nil || !bytes.Equal(got, message) {
						t.Errorf("a message of %d bytes came back as %d, %v", len(message), len(got), err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}
