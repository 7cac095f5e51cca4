package http2

import (
	"errors"
	"io"
	"net"
	"testing"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/wire"
)

// lifeStep is a transition, and what a life is asked after it. requests is how many the
// connection has had.
type lifeStep struct {
	name     string
	do       func(*clientLife)
	requests int

	state   lifeState
	takes   bool
	closing bool
	hadLast bool
}

func (s *lifeStep) check(t *testing.T, l *clientLife) {
	t.Helper()
	if s.do != nil {
		s.do(l)
	}
	if l.state != s.state || l.takes(s.requests) != s.takes || l.closing() != s.closing || l.hadLast(s.requests) != s.hadLast {
		t.Errorf("%s: state %d, takes %t, closing %t, had last %t", s.name, l.state, l.takes(s.requests), l.closing(), l.hadLast(s.requests))
	}
}

func TestClientLifeOnlyGoesOn(t *testing.T) {
	var (
		doNotReuse = func(l *clientLife) { l.drain(drainDoNotReuse) }
		shutdown   = func(l *clientLife) { l.drain(drainShutdown) }
		goAway     = func(l *clientLife) { l.gotGoAway(wire.GoAwayFrame{}) }
		idle       = (*clientLife).closeIdle
		broke      = func(l *clientLife) { l.broke(io.ErrNoProgress) }
		end        = func(l *clientLife) { l.end(io.EOF) }
	)
	for name, test := range map[string]struct {
		life  clientLife
		steps []lifeStep
	}{
		"it is used until it is idle": {clientLife{keepAlive: true}, []lifeStep{
			{name: "at first", takes: true},
			{name: "after a request", requests: 1, takes: true},
			{name: "with no identifiers left", requests: maxClientRequests},
			{name: "closed", do: idle, requests: 1, state: lifeClosed},
		}},
		"for a single use": {clientLife{keepAlive: true, singleUse: true}, []lifeStep{
			{name: "at first", takes: true, closing: true},
			{name: "after it", requests: 1, closing: true, hadLast: true},
		}},
		"without keep-alives": {clientLife{}, []lifeStep{
			{name: "at first", takes: true},
			{name: "after a request", requests: 1, takes: true, hadLast: true},
		}},
		"it is not to be used again": {clientLife{keepAlive: true}, []lifeStep{
			{name: "draining", do: doNotReuse, requests: 1, state: lifeDraining, closing: true, hadLast: true},
			{name: "and the server agrees", do: goAway, requests: 1, state: lifeDraining, closing: true, hadLast: true},
			{name: "closed", do: end, requests: 1, state: lifeClosed, closing: true, hadLast: true},
		}},
		"the server ends it": {clientLife{keepAlive: true}, []lifeStep{
			{name: "draining", do: goAway, state: lifeDraining, closing: true, hadLast: true},
			{name: "broken", do: broke, state: lifeClosed, closing: true, hadLast: true},
			{name: "no way back", do: doNotReuse, state: lifeClosed, closing: true, hadLast: true},
		}},
		"Shutdown sees to the end itself": {clientLife{keepAlive: true}, []lifeStep{
			{name: "draining", do: shutdown, requests: 1, state: lifeDraining, closing: true},
			{name: "closed", do: end, requests: 1, state: lifeClosed, closing: true},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range test.steps {
				test.steps[i].check(t, &test.life)
			}
		})
	}
}

func TestAClientLifeThatBreaksSaysWhy(t *testing.T) {
	mistake := errors.New("the server's mistake")
	read, write := &net.OpError{Op: "read", Err: io.ErrClosedPipe}, &net.OpError{Op: "write", Err: io.ErrClosedPipe}
	goAway := func(l *clientLife) { l.gotGoAway(wire.GoAwayFrame{LastStreamID: 1, Code: wire.InternalError}) }
	said := GoAwayError{LastStreamID: 1, ErrCode: ErrCodeInternal}
	for name, test := range map[string]struct {
		before    func(*clientLife)
		err, want error
	}{
		"the end of what is read":               {nil, io.EOF, io.ErrUnexpectedEOF},
		"that, behind GOAWAY":                   {goAway, io.EOF, said},
		"an error of Read, behind GOAWAY":       {goAway, read, said},
		"an error of Write, behind GOAWAY":      {goAway, write, publicError(write)},
		"a PING that is not acknowledged":       {nil, conn.ErrPingTimeout, errClientConnLost},
		"a mistake counts more than its effect": {func(l *clientLife) { l.broke(mistake) }, io.EOF, mistake},
	} {
		var l clientLife
		if test.before != nil {
			test.before(&l)
		}
		if err := l.end(test.err); err != test.want || l.endedWith != test.err || !l.closed() {
			t.Errorf("%s: %v, want %v; closed: %t", name, err, test.want, l.closed())
		}
	}
}

func TestAClientLifeKeepsWhatTheFirstGoAwaySaid(t *testing.T) {
	var l clientLife
	l.gotGoAway(wire.GoAwayFrame{LastStreamID: 7, Code: wire.EnhanceYourCalm, Debug: []byte("too_many_pings")})
	l.gotGoAway(wire.GoAwayFrame{LastStreamID: 5})
	if want := (GoAwayError{LastStreamID: 5, ErrCode: ErrCodeEnhanceYourCalm, DebugData: "too_many_pings"}); *l.goAway != want {
		t.Errorf("%+v", *l.goAway)
	}
}

func TestAClientLifeThatBrokeUnusedIsNotOneThatWasIdle(t *testing.T) {
	var broken, idle clientLife
	broken.end(io.EOF)
	idle.closeIdle()
	idle.end(errClientConnClosed)
	for _, test := range []struct {
		requests int
		greeted  bool
		want     bool
	}{{0, false, true}, {0, true, true}, {1, false, true}, {1, true, false}} {
		if broken.brokeUnused(test.requests, test.greeted) != test.want || idle.brokeUnused(test.requests, test.greeted) {
			t.Errorf("%+v", test)
		}
	}
	var open clientLife
	if open.brokeUnused(0, false) || open.err(nil) != errClientConnClosed || broken.err(io.EOF) != io.EOF {
		t.Error("an open one has not broken, and the engine knows why one ended")
	}
}
