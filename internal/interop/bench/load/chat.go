package load

import (
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
)

// A chat is gRPC streams on which a message goes there, and back, and there again. The client is grpc-go's,
// whichever server it is. A request, in its measurement, is a message there and back.
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
	var c counter
	var times latencies
	for range spec.Conns {
		cc, err := dialGRPC(spec.URL)
		if err != nil {
			return err
		}
		for range spec.Streams {
			stream, err := cc.NewStream(context.Background(), &processes.GreeterChat, processes.MethodChat)
			if err != nil {
				return err
			}
			go c.talk(stream, &times)
		}
	}
	return c.report(spec.Duration, times.add)
}

// talk counts messages there and back, and notes how long each takes, until the stream breaks.
func (c *counter) talk(stream grpc.ClientStream, times *latencies) {
	message := wrapperspb.String("gopher")
	there := times.timed(func() error {
		var answer wrapperspb.StringValue
		if err := stream.SendMsg(message); err != nil {
			return err
		}
		return stream.RecvMsg(&answer)
	})
	for {
		if err := there(); err != nil {
			c.failed.Add(1)
			fmt.Fprintln(os.Stderr, err)
			return
		}
		c.done.Add(1)
	}
}
