package session

import (
	"testing"

	"h2fork.example/net/internal/wire"
)

var drainPing = [8]byte([]byte("draining"))

// RFC 9113 §6.8.
func TestAGracefulEndHasTwoPhases(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newServer(t, sch.use)
			e.accept(1, true)
			if !e.Drain(drainPing) || e.Drain(drainPing) {
				t.Error("an end begins once")
			}
			e.want("no stream is named", "GOAWAY 2147483647 NO_ERROR", "PING draining")
			st := e.accept(3, true)
			if st == nil {
				t.Fatal("what is on its way is not served")
			}
			e.RecvPingAck([8]byte{}, e.now)
			e.want("another PING's acknowledgement changes nothing")
			e.RecvPingAck(drainPing, e.now)
			e.want("the last stream is named", "GOAWAY 3 NO_ERROR")
			if ok, err := e.Accept(&newStream().Stream, 5, true, -1, defaultPriority); ok || err != nil {
				t.Errorf("a stream above it is accepted: %t, %v", ok, err)
			}
			e.RecvPingAck(drainPing, e.now)
			e.want("once")
		})
	}
}

func TestAnErrorEndsTheFirstPhase(t *testing.T) {
	e := newServer(t)
	e.Drain(drainPing)
	e.GoAway(wire.ProtocolError, "")
	e.want("errors end at once", "GOAWAY 0 PROTOCOL_ERROR")
	e.RecvPingAck(drainPing, e.now)
	e.want("nothing follows")
}

func TestASecondPhaseThatComesAtOnceReplacesTheFirst(t *testing.T) {
	e := newServer(t)
	e.Drain(drainPing)
	e.GoAway(wire.NoError, "")
	e.want("one GOAWAY will do", "GOAWAY 0 NO_ERROR", "PING draining")
}
