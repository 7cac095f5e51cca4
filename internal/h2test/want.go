package h2test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing/synctest"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// Kinds of frames for Peer.Ignore.
var (
	WindowUpdates = func(f Frame) bool { return f.Type == wire.WindowUpdate }
	AnySettings   = func(f Frame) bool { return f.Type == wire.Settings }
	PingAcks      = func(f Frame) bool { return f.Type == wire.Ping && f.Flags.Has(wire.FlagAck) }
)

// Ignore makes the Want methods pass over some frames from now on, such as WindowUpdates.
func (p *Peer) Ignore(kinds ...func(Frame) bool) { p.ignore = append(p.ignore, kinds...) }

// IgnoreFields makes expectations pass over fields with these names from now on, such as "date".
func (p *Peer) IgnoreFields(names ...string) {
	for _, name := range names {
		p.ignoreFields[name] = true
	}
}

// unignored is next without the ignored frames.
func (p *Peer) unignored(deadline time.Time) (Frame, error) {
next:
	for {
		f, err := p.next(deadline)
		if err != nil {
			return f, err
		}
		for _, ignore := range p.ignore {
			if ignore(f) {
				continue next
			}
		}
		return f, nil
	}
}

// Want wants these frames to come next, in this order, and waits for them. The sentence says why.
func (p *Peer) Want(sentence string, expectations ...Expectation) {
	p.t.Helper()
	p.want(sentence, p.deadline, expectations)
}

// WantNow is Want for a synctest bubble, and doesn't let time pass: not even the wait of a millisecond.
func (p *Peer) WantNow(sentence string, expectations ...Expectation) {
	p.t.Helper()
	p.want(sentence, instant, expectations)
}

// instant is a deadline that comes as soon as everything in a synctest bubble is idle. It panics outside of one, where
// it would come too soon.
func instant() time.Time {
	synctest.Wait()
	return time.Now().Add(1)
}

func (p *Peer) want(sentence string, deadline func() time.Time, expectations []Expectation) {
	p.t.Helper()
	for i, e := range expectations {
		f, err := p.unignored(deadline())
		problem := ""
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			problem = "nothing came"
		case errors.Is(err, io.EOF):
			problem = "the connection was closed"
		case err != nil:
			problem = err.Error()
		default:
			f.Fields = p.withoutIgnored(f.Fields)
			if problem = e.match(f); problem != "" {
				problem += "\n got " + f.String()
			}
		}
		if problem != "" {
			p.t.Fatalf("%s\nframe %d of %d: %s\nwant %s", sentence, i+1, len(expectations), problem, e.text)
		}
	}
}

// withoutIgnored also forgets which fields are never indexed.
func (p *Peer) withoutIgnored(fields []hpack.HeaderField) []hpack.HeaderField {
	var kept []hpack.HeaderField
	for _, f := range fields {
		if !p.ignoreFields[f.Name] {
			f.Sensitive = false
			kept = append(kept, f)
		}
	}
	return kept
}

// WantDrain wants the two phases of a graceful end (RFC 9113 §6.8): a GOAWAY that names no stream and a PING, which it
// acknowledges, and then a GOAWAY that names the last stream. It doesn't let time pass in a synctest bubble.
func (p *Peer) WantDrain(sentence string, last uint32) {
	p.t.Helper()
	p.Want(sentence, GoAwayFrame(math.MaxInt32, wire.NoError))
	f := p.Next()
	if f.Type != wire.Ping || f.Flags.Has(wire.FlagAck) {
		p.t.Fatalf("%s\nwant PING behind the first GOAWAY, got %v", sentence, f)
	}
	p.Ping(true, [8]byte(f.Payload))
	p.Want(sentence, GoAwayFrame(last, wire.NoError))
}

// WantNothing wants no frame to come before time passes. It needs a synctest bubble.
func (p *Peer) WantNothing(sentence string) {
	p.t.Helper()
	f, err := p.unignored(instant())
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		if len(p.in) > 0 {
			p.t.Fatalf("%s\nwant nothing, got part of a frame: %q", sentence, p.in)
		}
	case errors.Is(err, io.EOF):
		p.t.Fatalf("%s\nwant nothing, but the connection was closed", sentence)
	case err != nil:
		p.t.Fatalf("%s\nwant nothing: %v", sentence, err)
	default:
		p.t.Fatalf("%s\nwant nothing, got %v", sentence, f)
	}
}

// WantClosed wants the connection to be closed with no frame before that.
func (p *Peer) WantClosed(sentence string) {
	p.t.Helper()
	f, err := p.unignored(p.deadline())
	switch {
	case err == nil:
		p.t.Fatalf("%s\nwant the connection closed, got %v", sentence, f)
	case len(p.in) > 0:
		p.t.Fatalf("%s\nwant the connection closed, got part of a frame: %q", sentence, p.in)
	case !errors.Is(err, io.EOF) && !errors.Is(err, ErrReset):
		p.t.Fatalf("%s\nwant the connection closed: %v", sentence, err)
	}
}

// WantContent wants the content of a stream in any number of DATA frames, the last of which has END_STREAM. It grants
// the other side nothing.
func (p *Peer) WantContent(sentence string, id uint32, content string) {
	p.t.Helper()
	var got strings.Builder
	for {
		f, err := p.unignored(p.deadline())
		if err != nil {
			p.t.Fatalf("%s\n%d of %d bytes came, then: %v", sentence, got.Len(), len(content), err)
		}
		d, err := wire.ParseData(f.Header, f.Payload)
		if f.Type != wire.Data || f.StreamID != id || err != nil {
			p.t.Fatalf("%s\n%d of %d bytes came, then: %v", sentence, got.Len(), len(content), f)
		}
		got.Write(d.Data)
		if d.EndStream {
			break
		}
	}
	if got.String() != content {
		p.t.Fatalf("%s\n got %d bytes: %s\nwant %d bytes: %s", sentence, got.Len(), excerpt(got.String()), len(content), excerpt(content))
	}
}

func excerpt(s string) string {
	const most = 200
	if len(s) > most {
		return fmt.Sprintf("%q…", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
