package http2

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"testing"
)

var errWhy = errors.New("the reason")

// contextTwins are a request's context and what it replaces, behind connections' contexts of their own.
type contextTwins struct {
	ctx      [2]context.Context
	end      [2]func()
	endBase  [2]func()
	children [2]context.Context
	endChild [2]func()
}

type contextKey struct{}

func newContextTwins() *contextTwins {
	var w contextTwins
	for i := range w.ctx {
		base, cancel := context.WithCancelCause(context.Background())
		base = context.WithValue(base, contextKey{}, "value")
		w.endBase[i] = func() { cancel(errWhy) }
		if i == 0 {
			rc := &requestContext{sc: &serverConn{baseCtx: base}}
			w.ctx[i], w.end[i] = rc, rc.end
		} else {
			w.ctx[i], w.end[i] = context.WithCancel(base)
		}
	}
	return &w
}

// contextSteps are what may happen to a context.
var contextSteps = map[string]func(w *contextTwins, i int){
	"the request ends":    func(w *contextTwins, i int) { w.end[i]() },
	"the connection ends": func(w *contextTwins, i int) { w.endBase[i]() },
	"Done is called":      func(w *contextTwins, i int) { w.ctx[i].Done() },
	"a child is derived": func(w *contextTwins, i int) {
		w.children[i], w.endChild[i] = context.WithCancel(context.WithValue(w.ctx[i], contextKey{}, "child's"))
	},
}

// contextState is what a program can find out about a context without calling Done.
func contextState(ctx context.Context) []any {
	if ctx == nil {
		return nil
	}
	deadline, ok := ctx.Deadline()
	return []any{ctx.Err(), context.Cause(ctx), ctx.Value(contextKey{}), deadline, ok, fmt.Sprint(ctx)}
}

func isDone(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	default:
		return false
	}
}

func TestARequestsContextIsWhatWithCancelWouldMake(t *testing.T) {
	const steps = 4
	var try func(path []string)
	try = func(path []string) {
		w := newContextTwins()
		for i := range w.ctx {
			for _, step := range path {
				contextSteps[step](w, i)
			}
		}
		if got, want := contextState(w.ctx[0]), contextState(w.ctx[1]); !reflect.DeepEqual(got, want) {
			t.Errorf("after %q:\n got %v\nwant %v", path, got, want)
		}
		if got, want := contextState(w.children[0]), contextState(w.children[1]); !reflect.DeepEqual(got, want) {
			t.Errorf("the child after %q:\n got %v\nwant %v", path, got, want)
		}
		if got, want := isDone(w.ctx[0]), isDone(w.ctx[1]); got != want {
			t.Errorf("after %q: done is %v, want %v", path, got, want)
		}
		w.end[0]()
		w.end[1]()
		if len(path) < steps {
			for step := range contextSteps {
				try(append(path[:len(path):len(path)], step))
			}
		}
	}
	try(nil)
}

func TestContextsDerivedFromARequestsTakeNoGoroutine(t *testing.T) {
	w := newContextTwins()
	before := runtime.NumGoroutine()
	contextSteps["a child is derived"](w, 0)
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d more goroutines", n-before)
	}
	w.end[0]()
}
