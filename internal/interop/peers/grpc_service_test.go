package peers

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"h2fork.example/net/internal/interop/stack"
)

// The service has a method for each type of call, made by hand: there is nothing to generate from. A message
// that asks for it is answered with an error or not at all.
const (
	methodEcho  = "/interop.Echo/Echo"  // unary: the message
	methodSplit = "/interop.Echo/Split" // server streaming: each byte of the message
	methodJoin  = "/interop.Echo/Join"  // client streaming: all messages in one
	methodTalk  = "/interop.Echo/Talk"  // bidirectional: each message, as it comes

	askFail = "fail" // answered with errAsked
	askWait = "wait" // not answered before the call's context is done

	askedText = "as you asked: ½ done"
)

var (
	askedDetail = wrapperspb.String("a detail")
	errAsked    = withDetail(status.New(codes.ResourceExhausted, askedText), askedDetail)

	descSplit = grpc.StreamDesc{StreamName: "Split", Handler: split, ServerStreams: true}
	descJoin  = grpc.StreamDesc{StreamName: "Join", Handler: join, ClientStreams: true}
	descTalk  = grpc.StreamDesc{StreamName: "Talk", Handler: talk, ServerStreams: true, ClientStreams: true}
)

var echoService = grpc.ServiceDesc{
	ServiceName: "interop.Echo",
	Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: echo}},
	Streams:     []grpc.StreamDesc{descSplit, descJoin, descTalk},
}

func withDetail(s *status.Status, detail protoadapt.MessageV1) error {
	s, err := s.WithDetails(detail)
	if err != nil {
		panic(err) // no message that is linked in can fail to be packed
	}
	return s.Err()
}

// obey does what a message asks for, if it asks for something.
func obey(ctx context.Context, message []byte) error {
	switch string(message) {
	case askFail:
		return errAsked
	case askWait:
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}
	return nil
}

// echo sends the message back, and the metadata "ping" as header and trailer metadata.
func echo(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var in wrapperspb.BytesValue
	if err := decode(&in); err != nil {
		return nil, err
	}
	if md, ok := metadata.FromIncomingContext(ctx); ok && len(md["ping"]) > 0 {
		grpc.SetHeader(ctx, metadata.MD{"pong": md["ping"], "pong-bin": md["ping-bin"]})
		grpc.SetTrailer(ctx, metadata.MD{"pong-trailer": md["ping"]})
	}
	if err := obey(ctx, in.GetValue()); err != nil {
		return nil, err
	}
	return &in, nil
}

func split(_ any, stream grpc.ServerStream) error {
	message, err := receive(stream)
	if err != nil {
		return err
	}
	if err := obey(stream.Context(), message); err != nil {
		return err
	}
	for i := range message {
		if err := stream.SendMsg(wrapperspb.Bytes(message[i : i+1])); err != nil {
			return err
		}
	}
	return nil
}

func join(_ any, stream grpc.ServerStream) error {
	var all []byte
	for {
		message, err := receive(stream)
		if errors.Is(err, io.EOF) {
			return stream.SendMsg(wrapperspb.Bytes(all))
		}
		if err != nil {
			return err
		}
		if err := obey(stream.Context(), message); err != nil {
			return err
		}
		all = append(all, message...)
	}
}

func talk(_ any, stream grpc.ServerStream) error {
	for {
		message, err := receive(stream)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := obey(stream.Context(), message); err != nil {
			return err
		}
		if err := stream.SendMsg(wrapperspb.Bytes(message)); err != nil {
			return err
		}
	}
}

// receive returns the next message of a stream, on either side of it.
func receive(stream interface{ RecvMsg(any) error }) ([]byte, error) {
	var in wrapperspb.BytesValue
	err := stream.RecvMsg(&in)
	return in.GetValue(), err
}

// messageLimit is larger than any message of these tests.
const messageLimit = 64 << 20

// newGRPC returns grpc-go's server of the service.
func newGRPC(options ...grpc.ServerOption) *grpc.Server {
	srv := grpc.NewServer(append(options, grpc.MaxRecvMsgSize(messageLimit))...)
	srv.RegisterService(&echoService, nil)
	return srv
}

// startGRPC serves h, which answers gRPC, on the stack and returns a client of it.
func startGRPC(t *testing.T, m stack.Mode, h http.Handler) *grpc.ClientConn {
	t.Helper()
	srv := start(t, m, h, stack.Options{})
	creds := insecure.NewCredentials()
	if m == stack.TLS {
		creds = credentials.NewTLS(m.ClientConfig())
	}
	cc, err := grpc.NewClient("passthrough:///"+srv.Addr,
		grpc.WithTransportCredentials(creds),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(messageLimit)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cc.Close() })
	return cc
}
