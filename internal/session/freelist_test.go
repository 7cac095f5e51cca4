package session

import (
	"reflect"
	"testing"
)

func TestATrimmedSessionHasForgottenHowManyStreamsThereWere(t *testing.T) {
	e := newServer(t, schedulers[0].use)
	for id := uint32(1); id < 100; id += 2 {
		st := e.accept(id, true)
		e.header(st)
		e.end(st)
	}
	e.emit()
	large := reflect.ValueOf(e.streams).Pointer()
	e.Trim()
	if e.free != nil || reflect.ValueOf(e.streams).Pointer() == large {
		t.Error("what was kept for many streams is kept on")
	}
	st := e.accept(101, true)
	e.header(st)
	e.end(st)
	e.want("a response after that", "HEADERS(101) END_STREAM")
}
