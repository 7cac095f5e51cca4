package load

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
)

// A chat is gRPC streams on which a message goes there, and back, and there again. The client is grpc-go's whoever
// serves. A request, in its measure.Measurement, is a message there and back.
type chat struct {
	conns, streams int // streams of each connection
}

func (l chat) String() string {
	return fmt.Sprintf("%s, grpc-go's client, %d connections with %d streams", processes.MethodChat, l.conns, l.streams)
}

func (l chat) Takes(r Run) time.Duration { return 2*startTime + warmUp + r.Duration }

func (l chat) Measure(r Run) (m measure.Measurement, err error) {
	p, err := r.startSubject()
	if err != nil {
		return m, err
	}
	defer p.Stop()
	return r.drive(roleChat, chatSpec{p.URL, l.conns, l.streams, r.Duration}, 0, p)
}

const roleChat = "chat"

// A chatSpec is what a chat child does.
type chatSpec struct {
	URL            string
	Conns, Streams int
	Duration       time.Duration
}

func runChat(spec chatSpec) error {
	u, err := url.Parse(spec.URL)
	if err != nil {
		return err
	}
	var c counter
	for range spec.Conns {
		cc, err := grpc.NewClient(u.Host, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return err
		}
		for range spec.Streams {
			stream, err := cc.NewStream(context.Background(), &processes.GreeterChat, processes.MethodChat)
			if err != nil {
				return err
			}
			go c.talk(stream)
		}
	}
	return c.report(spec.Duration)
}

// talk counts messages there and back until the stream breaks.
func (c *counter) talk(stream grpc.ClientStream) {
	message := wrapperspb.String("gopher")
	for {
		var answer wrapperspb.StringValue
		err := stream.SendMsg(message)
		if err == nil {
			err = stream.RecvMsg(&answer)
		}
		if err != nil {
			c.failed.Add(1)
			fmt.Fprintln(os.Stderr, err)
			return
		}
		c.done.Add(1)
	}
}
