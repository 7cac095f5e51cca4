package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"h2fork.example/net/internal/interop/stack"
)

// connectProtocols are what connect-go's client may speak. Only gRPC is understood by everybody.
var connectProtocols = []struct {
	name    string
	options []connect.ClientOption
}{
	{"grpc", []connect.ClientOption{connect.WithGRPC()}},
	{"grpc-web", []connect.ClientOption{connect.WithGRPCWeb()}},
	{"connect", nil},
}

// An rpcTarget is a server with the service of all types of calls.
type rpcTarget struct {
	name     string
	grpcOnly bool
	start    func(t *testing.T, m stack.Mode) (url string)
}

// rpcTargets lists grpc-go with its own HTTP/2, and then grpc-go's and connect-go's handlers on the stacks.
func rpcTargets() []rpcTarget {
	all := []rpcTarget{{"grpc-go", true, startOwnGRPC}}
	for _, s := range stack.All() {
		all = append(all,
			rpcTarget{"grpc-go on " + s.Name, true, func(t *testing.T, m stack.Mode) string { return startStack(t, s, m, newGRPC()) }},
			rpcTarget{"connect-go on " + s.Name, false, func(t *testing.T, m stack.Mode) string { return startStack(t, s, m, connectService()) }})
	}
	return all
}

// startOwnGRPC serves the service with grpc-go's own HTTP/2 until the test ends.
func startOwnGRPC(t *testing.T, m stack.Mode) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var options []grpc.ServerOption
	if m == stack.TLS {
		cert, _ := stack.TestCertificate()
		options = append(options, grpc.Creds(credentials.NewServerTLSFromCert(&cert)))
	}
	srv := newGRPC(options...)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	t.Cleanup(func() {
		srv.Stop()
		<-served
	})
	return m.Scheme() + "://" + ln.Addr().String()
}

// An echoClient calls the service.
type echoClient struct {
	echo, split, join, talk *connect.Client[bytesValue, bytesValue]
}

func newEchoClient(client *http.Client, url string, options ...connect.ClientOption) echoClient {
	method := func(path string) *connect.Client[bytesValue, bytesValue] {
		return connect.NewClient[bytesValue, bytesValue](client, url+path, options...)
	}
	return echoClient{method(methodEcho), method(methodSplit), method(methodJoin), method(methodTalk)}
}

// withConnect runs test with the client under test, each protocol and each server that understands it, and with a
// context that bounds it.
func withConnect(t *testing.T, test func(t *testing.T, ctx context.Context, c echoClient), options ...connect.ClientOption) {
	t.Helper()
	for _, tg := range rpcTargets() {
		for _, m := range []stack.Mode{stack.Protocols, stack.TLS} {
			for _, p := range connectProtocols {
				if tg.grpcOnly && p.name != "grpc" {
					continue
				}
				t.Run(fmt.Sprintf("%s to %s,%s", p.name, tg.name, m.Scheme()), func(t *testing.T) {
					client := newClient(t, m)
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					t.Cleanup(cancel)
					test(t, ctx, newEchoClient(client, tg.start(t, m), append(options, p.options...)...))
				})
			}
		}
	}
}

func newMessage(text string) *connect.Request[bytesValue] {
	return connect.NewRequest(wrapperspb.Bytes([]byte(text)))
}

func wantConnectCode(t *testing.T, err error, want connect.Code) {
	t.Helper()
	if connect.CodeOf(err) != want {
		t.Errorf("error %v, want code %v", err, want)
	}
}

// wantConnectAsked checks that err is errAsked, to its details.
func wantConnectAsked(t *testing.T, err error) {
	t.Helper()
	var e *connect.Error
	if !errors.As(err, &e) || e.Code() != connect.CodeResourceExhausted || e.Message() != askedText {
		t.Errorf("error %v, want %v", err, errAsked)
		return
	}
	details := e.Details()
	if len(details) != 1 {
		t.Errorf("%d details, want 1", len(details))
		return
	}
	if got, err := details[0].Value(); err != nil || !proto.Equal(got, askedDetail) {
		t.Errorf("detail %v, %v, want %v", got, err, askedDetail)
	}
}

func TestConnectUnaryCallReturnsTheMessage(t *testing.T) {
	withConnect(t, func(t *testing.T, ctx context.Context, c echoClient) {
		resp, err := c.echo.CallUnary(ctx, newMessage("hello"))
		if err != nil || string(resp.Msg.GetValue()) != "hello" {
			t.Errorf("got %v, %v", resp, err)
		}
	})
}

func TestConnectErrorsReachTheClientWithTheirDetails(t *testing.T) {
	withConnect(t, func(t *testing.T, ctx context.Context, c echoClient) {
		_, err := c.echo.CallUnary(ctx, newMessage(askFail))
		wantConnectAsked(t, err)

		stream, err := c.split.CallServerStream(ctx, newMessage(askFail))
		if err != nil {
			t.Fatal(err)
		}
		for stream.Receive() {
			t.Errorf("received %v", stream.Msg())
		}
		wantConnectAsked(t, stream.Err())
		stream.Close()
	})
}

func TestConnectServerStreamArrivesInOrder(t *testing.T) {
	withConnect(t, func(t *testing.T, ctx context.Context, c echoClient) {
		stream, err := c.split.CallServerStream(ctx, newMessage("abcdefghij"))
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		var got []byte
		for stream.Receive() {
			got = append(got, stream.Msg().GetValue()...)
		}
		if err := stream.Err(); err != nil || string(got) != "abcdefghij" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestConnectClientStreamIsReadToItsEnd(t *testing.T) {
	withConnect(t, func(t *testing.T, ctx context.Context, c echoClient) {
		stream := c.join.CallClientStream(ctx)
		for _, text := range []string{"one ", "two ", "three"} {
			if err := stream.Send(wrapperspb.Bytes([]byte(text))); err != nil {
				t.Fatal(err)
			}
		}
		resp, err := stream.CloseAndReceive()
		if err != nil || string(resp.Msg.GetValue()) != "one two three" {
			t.Errorf("got %v, %v", resp, err)
		}
	})
}

// The server's answer ends the call while the client is still sending.
func TestConnectClientStreamMayBeRefusedBeforeItsEnd(t *testing.T) {
	withConnect(t, func(t *testing.T, ctx context.Context, c echoClient) {
		stream := c.join.CallClientStream(ctx)
		if err := stream.Send(wrapperspb.Bytes([]byte(askFail))); err != nil {
			t.Fatal(err)
		}
		for {
			if err := stream.Send(wrapperspb.Bytes(make([]byte, 1000))); err != nil {
				if !errors.Is(err, io.EOF) {
					t.Errorf("sending ended with %v", err)
				}
				break
			}
		}
		_, err := stream.CloseAndReceive()
		wantConnectAsked(t, err)
	})
}

func TestConnectBidirectionalCallAnswersBeforeTheNextQuestion(t *testing.T) {
	withConnect(t, func(t *testing.T, ctx context.Context, c echoClient) {
		stream := c.talk.CallBidiStream(ctx)
		defer stream.CloseResponse()
		for i := range 100 {
			question := fmt.Sprint("question ", i)
			if err := stream.Send(wrapperspb.Bytes([]byte(question))); err != nil {
				t.Fatal(err)
			}
			if got, err := stream.Receive(); err != nil || string(got.GetValue()) != question {
				t.Fatalf("got %v, %v, want %q", got, err, question)
			}
		}
		if err := stream.CloseRequest(); err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Receive(); !errors.Is(err, io.EOF) {
			t.Errorf("after the last answer: %v, want EOF", err)
		}
	})
}

func TestConnectMetadataTravelsBothWays(t *testing.T) {
	withConnect(t, func(t *testing.T, ctx context.Context, c echoClient) {
		req := newMessage("hello")
		req.Header()["Ping"] = []string{"one", "two"}
		binary := connect.EncodeBinaryHeader([]byte("\x00\xff"))
		req.Header().Set("Ping-Bin", binary)
		resp, err := c.echo.CallUnary(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range []struct {
			name string
			have []string
			want string
		}{
			{"Pong", resp.Header()["Pong"], "[one two]"},
			{"Pong-Bin", resp.Header()["Pong-Bin"], "[" + binary + "]"},
			{"Pong-Trailer", resp.Trailer()["Pong-Trailer"], "[one two]"},
		} {
			if fmt.Sprint(got.have) != got.want {
				t.Errorf("%s: %q, want %q", got.name, got.have, got.want)
			}
		}
	})
}

func TestConnectDeadlineEndsTheCallOnBothSides(t *testing.T) {
	withConnect(t, func(t *testing.T, ctx context.Context, c echoClient) {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		_, err := c.echo.CallUnary(ctx, newMessage(askWait)) // newClient sees whether the handler ended
		wantConnectCode(t, err, connect.CodeDeadlineExceeded)
	})
}

func TestConnectCancellationEndsTheCallOnBothSides(t *testing.T) {
	withConnect(t, func(t *testing.T, ctx context.Context, c echoClient) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream := c.talk.CallBidiStream(ctx)
		for _, text := range []string{"hello", askWait} {
			if err := stream.Send(wrapperspb.Bytes([]byte(text))); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := stream.Receive(); err != nil {
			t.Fatal(err)
		}
		cancel()
		_, err := stream.Receive()
		wantConnectCode(t, err, connect.CodeCanceled)
		stream.CloseRequest()
		stream.CloseResponse()
	})
}

func TestConnectLargeMessagesSurviveFlowControl(t *testing.T) {
	message, _ := io.ReadAll(noise(8 << 20))
	withConnect(t, func(t *testing.T, ctx context.Context, c echoClient) {
		resp, err := c.echo.CallUnary(ctx, connect.NewRequest(wrapperspb.Bytes(message)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(resp.Msg.GetValue(), message) {
			t.Error("the message came back changed")
		}
		stream := c.talk.CallBidiStream(ctx)
		defer stream.CloseResponse()
		if err := stream.Send(wrapperspb.Bytes(message)); err != nil {
			t.Fatal(err)
		}
		if got, err := stream.Receive(); err != nil || !bytes.Equal(got.GetValue(), message) {
			t.Errorf("on a stream, %d bytes came back, %v", len(got.GetValue()), err)
		}
		if err := stream.CloseRequest(); err != nil {
			t.Error(err)
		}
	}, connect.WithAcceptCompression("gzip", nil, nil)) // without which most of the time would go into compressing noise
}

func TestConnectCallsShareAConnection(t *testing.T) {
	withConnect(t, func(t *testing.T, ctx context.Context, c echoClient) {
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				message := bytes.Repeat([]byte{byte(i)}, 1<<uint(i%16))
				for range 5 {
					resp, err := c.echo.CallUnary(ctx, connect.NewRequest(wrapperspb.Bytes(message)))
					if err != nil || !bytes.Equal(resp.Msg.GetValue(), message) {
						t.Errorf("a message of %d bytes came back as %v, %v", len(message), resp, err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}
