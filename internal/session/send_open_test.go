package session

import (
	"testing"

	"h2fork.example/net/internal/wire"
)

// RFC 9113 §5.1.1: a client's identifiers are odd and rise as HEADERS are sent.
func TestStreamsAreNumberedAsTheyAreSent(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newClient(t, sch.use)
			a, b, c := e.request(true), e.request(false), e.request(true)
			e.Reset(&b.Stream, wire.Cancel, nil)
			if e.OpenStreams() != 2 || e.Waiting() != 2 {
				t.Errorf("%d streams, %d wait", e.OpenStreams(), e.Waiting())
			}
			e.want("those that are still wanted", "HEADERS(1) END_STREAM", "HEADERS(3) END_STREAM")
			if a.ID() != 1 || b.ID() != 0 || c.ID() != 3 || e.streams[3] != &c.Stream {
				t.Errorf("%d %d %d", a.ID(), b.ID(), c.ID())
			}
		})
	}
}

// RFC 9113 §5.1.2: streams wait for the peer's limit, and go when one ends or
// the limit is raised.
func TestStreamsWaitForThePeersLimit(t *testing.T) {
	e := newClient(t)
	e.mustRecv(settings(maxStreams, 1))
	e.request(true)
	e.request(true)
	third := e.request(true)
	e.want("one", "SETTINGS ACK", "HEADERS(1) END_STREAM")
	if e.Pending() {
		t.Error("nothing may be sent")
	}
	e.mustRecv(headers(1, true))
	e.want("the next", "HEADERS(3) END_STREAM")
	e.mustRecv(settings(maxStreams, 2))
	e.want("the limit is raised", "SETTINGS ACK", "HEADERS(5) END_STREAM")
	e.mustRecv(settings(maxStreams, 0))
	e.request(true)
	e.Reset(&third.Stream, wire.Cancel, nil)
	e.want("none at all", "SETTINGS ACK", "RST_STREAM(5) CANCEL")
}

func TestIdentifiersRunOut(t *testing.T) {
	e := newClient(t)
	e.localLast = maxStreamID - 4
	e.peer.newest = maxStreamID - 4
	e.request(true)
	e.request(true)
	e.want("the last there is", "HEADERS(2147483645) END_STREAM")
}

// A body that was queued while the stream waited follows its HEADERS.
func TestABodyWaitsWithItsStream(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newClient(t, sch.use)
			e.mustRecv(settings(maxStreams, 0))
			st := e.request(false)
			e.data(st, "hello")
			e.trailers(st)
			e.want("nothing yet", "SETTINGS ACK")
			e.mustRecv(settings(maxStreams, 1))
			e.want("all of it", "SETTINGS ACK", "HEADERS(1)", "DATA(1) 5", "HEADERS(1) END_STREAM")
			if st.State() != StateHalfClosedLocal {
				t.Error(st.State())
			}
		})
	}
}

// RFC 9113 §6.8: after the peer's GOAWAY we open nothing, and what it has not
// seen is over.
func TestThePeersGoAwayEndsWhatItHasNotSeen(t *testing.T) {
	e := newClient(t)
	e.mustRecv(settings(maxStreams, 2))
	seen, unseen, waiting := e.request(true), e.request(true), e.request(true)
	e.emit()
	e.mustRecv(wire.AppendGoAway(nil, 1, wire.NoError, nil))
	if seen.Closed() || unseen.Err() != ErrGoAway || waiting.Err() != ErrGoAway {
		t.Errorf("%v, %v, %v", seen.Err(), unseen.Err(), waiting.Err())
	}
	e.request(true)
	e.want("nothing is opened")
	e.mustRecv(headers(1, true))
	if !seen.Closed() || seen.Err() != nil {
		t.Error(seen.Err())
	}
}

// RFC 9113 §8.1: a client that has the whole response need not finish its request.
func TestAClientStopsSendingAfterTheWholeResponse(t *testing.T) {
	e := newClient(t)
	st := e.request(false)
	e.emit()
	e.mustRecv(headers(1, true))
	e.Done(&st.Stream)
	e.want("without error", "RST_STREAM(1) NO_ERROR")
	if !st.Closed() || st.Err() != nil {
		t.Error(st.State(), st.Err())
	}
}

// Whether the response is complete already or comes to be.
func TestAnAbandonedRequestIsCutShort(t *testing.T) {
	for _, first := range []bool{true, false} {
		e := newClient(t)
		e.mustRecv(settings(window, 3))
		st := e.request(false)
		e.lend(st, "hello")
		e.want("as much as there is room", "SETTINGS ACK", "HEADERS(1)", "DATA(1) 3")
		if first {
			e.mustRecv(headers(1, true))
		}
		e.Abandon(&st.Stream)
		if st.Lent() || st.Queued() != 0 {
			t.Error("the rest of the body is still queued")
		}
		e.mustRecv(wire.AppendWindowUpdate(nil, 1, 100))
		if !first {
			e.want("nothing while the response is on its way")
			e.mustRecv(headers(1, true))
		}
		e.want("without error", "RST_STREAM(1) NO_ERROR")
		if !st.Closed() || st.Err() != nil {
			t.Error(st.State(), st.Err())
		}
	}
}

func TestAResponsesContentLengthCounts(t *testing.T) {
	e := newClient(t)
	st := e.request(true)
	e.emit()
	e.mustRecv(headers(1, false))
	e.RecvHeader(&st.Stream, 3)
	wantVerdict(t, e.recv(wire.AppendData(nil, 1, true, []byte("xx"))), streamProtocol)
}

// Resets of streams that we opened are no attack: there are no more of them than
// of our requests.
func TestAServerMayResetEveryRequest(t *testing.T) {
	e := newClient(t)
	for i := range uint32(2 * maxEarlyResets) {
		e.request(false)
		e.emit()
		e.mustRecv(wire.AppendRSTStream(nil, 2*i+1, wire.RefusedStream))
	}
}
