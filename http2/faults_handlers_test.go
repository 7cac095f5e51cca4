package http2

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"time"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// handlerBeginnings is what handlers do before they go wrong: in steps of a
// millisecond each, between which other things may happen.
var handlerBeginnings = map[string][]func(a *handlerRecord){
	"nothing":              nil,
	"a header":             {sealHeader},
	"a header, flushed":    {sealHeader, (*handlerRecord).flush},
	"a body":               {writeLittle},
	"a body, flushed":      {writeLittle, (*handlerRecord).flush},
	"a body, then more":    {writeLittle, (*handlerRecord).flush, writeLittle},
	"a large body":         {writeMuch},
	"trailers":             {declareTrailers, writeLittle, (*handlerRecord).flush, setTrailers},
	"some reading":         {readLittle},
	"a dialogue":           {readLittle, writeLittle, (*handlerRecord).flush, readLittle, writeMuch},
	"an early hint":        {func(a *handlerRecord) { a.w.WriteHeader(http.StatusEarlyHints) }},
	"a flush, and reading": {(*handlerRecord).flush, readLittle},
}

func sealHeader(a *handlerRecord)  { a.w.WriteHeader(http.StatusOK) }
func writeLittle(a *handlerRecord) { a.write(100) }
func writeMuch(a *handlerRecord)   { a.write(50_000) }
func readLittle(a *handlerRecord)  { a.readN(3) }

func declareTrailers(a *handlerRecord) {
	a.w.Header().Set("Trailer", "X-Sum")
	a.trailers = true
}
func setTrailers(a *handlerRecord) { a.w.Header().Set("X-Sum", "1") }

// A handlerEnd is how a handler goes wrong, or does not.
type handlerEnd struct {
	do     func(a *handlerRecord)
	aborts bool // by not returning
}

var handlerEnds = map[string]handlerEnd{
	"it returns":                    {do: func(*handlerRecord) {}},
	"it panics":                     {do: func(*handlerRecord) { panic("deliberate") }, aborts: true},
	"it aborts":                     {do: func(*handlerRecord) { panic(http.ErrAbortHandler) }, aborts: true},
	"it ends its goroutine":         {do: func(*handlerRecord) { runtime.Goexit() }, aborts: true},
	"it waits for its context":      {do: func(a *handlerRecord) { <-a.r.Context().Done() }},
	"it waits for the body":         {do: (*handlerRecord).readAll},
	"it goes on after its context":  {do: func(a *handlerRecord) { <-a.r.Context().Done(); writeMuch(a); a.flush(); a.readAll() }},
	"another goroutine flushes":     {do: flushAside},
	"another goroutine writes":      {do: func(a *handlerRecord) { writeAside(a).wait() }},
	"one writes, and it panics":     {do: func(a *handlerRecord) { writeAside(a); panic(http.ErrAbortHandler) }, aborts: true},
	"one reads, and it returns":     {do: readAside},
	"one reads, and it panics":      {do: func(a *handlerRecord) { readAside(a); panic(http.ErrAbortHandler) }, aborts: true},
	"one uses it after its end":     {do: useAfterReturn},
	"one uses it after it panicked": {do: func(a *handlerRecord) { useAfterReturn(a); panic(http.ErrAbortHandler) }, aborts: true},
}

// flushAside flushes while the handler writes, and after its end. No Write waits
// for the client: a Flush would wait for a mutex then, for which no bubble's time
// passes.
func flushAside(a *handlerRecord) {
	go func() {
		for range 10 {
			http.NewResponseController(a.w).Flush()
			time.Sleep(400 * time.Microsecond)
		}
	}()
	for range 3 {
		writeLittle(a)
		time.Sleep(time.Millisecond)
	}
}

// writeAside leaves the rest of the body to another goroutine, which is in the
// middle of it when the handler goes on. It returns a gate that is open when that
// is done.
func writeAside(a *handlerRecord) (done *gate) {
	done = newGate()
	n := len(a.wrote)
	p := pattern(n + 80_000)
	go func() {
		defer done.open()
		a.wrote = append(a.wrote, p[n:]...)
		_, err := a.w.Write(p[n:])
		clear(p) // they are ours again
		if err == errAfterHandler {
			a.wrote = a.wrote[:n]
		} else if a.writeErr == nil {
			a.writeErr = err
		}
	}()
	time.Sleep(time.Millisecond)
	return done
}

// readAside has another goroutine wait for the body.
func readAside(a *handlerRecord) {
	go a.readAll()
	time.Sleep(time.Millisecond)
}

// useAfterReturn does everything once more when it is too late.
func useAfterReturn(a *handlerRecord) {
	go func() {
		a.ended.wait()
		time.Sleep(time.Microsecond) // what is left to do for the server takes no time
		if _, err := a.w.Write(make([]byte, 10_000)); err != errAfterHandler && a.writeErr == nil {
			a.writeErr = errors.Join(errors.New("Write after the end"), err)
		}
		if err := http.NewResponseController(a.w).Flush(); err != errAfterHandler && a.flushErr == nil {
			a.flushErr = errors.Join(errors.New("Flush after the end"), err)
		}
		a.w.WriteHeader(http.StatusTeapot)
		a.w.Header().Set("X-Late", "1")
		a.readAll()
		a.r.Body.Close()
	}()
}

// clientMoods is what the client does meanwhile, to a request whose body is not
// complete.
var clientMoods = map[string]func(t *testing.T, on *stage, rest []byte){
	"the client goes on": func(_ *testing.T, on *stage, rest []byte) {
		on.client.Write(rest)
		time.Sleep(time.Minute)
		on.client.Close()
	},
	"the client resets the stream": func(t *testing.T, on *stage, _ []byte) {
		on.client.Write(wire.AppendRSTStream(nil, 1, wire.Cancel))
		time.Sleep(time.Minute)
		on.records.wantEnded(t)
		on.client.Close()
	},
	"the client vanishes":      func(_ *testing.T, on *stage, _ []byte) { on.client.Close() },
	"the connection breaks":    func(_ *testing.T, on *stage, _ []byte) { on.client.Reset() },
	"the client half-closes":   func(_ *testing.T, on *stage, _ []byte) { on.client.CloseWrite() },
	"the client falls silent":  func(*testing.T, *stage, []byte) {},
	"the client stops reading": func(_ *testing.T, on *stage, rest []byte) { on.server.StallWrites(); on.client.Write(rest) },
	"the client says goodbye": func(_ *testing.T, on *stage, rest []byte) {
		on.client.Write(append(wire.AppendGoAway(nil, 0, wire.NoError, nil), rest...))
		time.Sleep(time.Minute)
		on.client.Close()
	},
}

// moments are when it does so: with the request, between steps of the handler, and
// when that is done, or waits.
var moments = []time.Duration{0, 1500 * time.Microsecond, 10 * time.Millisecond}

// handlerErrs are what handlers, and those that they leave behind, may see.
var handlerErrs = []error{
	errClientDisconnected,
	errStreamClosed,
	errHandlerPanicked,
	errHandlerComplete,
	conn.ErrBodyClosed,
	StreamError{StreamID: 1, Code: ErrCodeCancel},
}

func TestHandlersThatGoWrongWhileTheirClientDoesToo(t *testing.T) {
	said := says(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 20_000}).
		request(1, false, "POST", "/").data(1, false, "the beg")
	begun := said.bytes()
	rest := said.data(1, true, "inning and the end").window(0, 1_000_000).window(1, 1_000_000).bytes()[len(begun):]
	for _, way := range variants {
		t.Run(way.name, func(t *testing.T) {
			if way.lend {
				gatherEverywhere(t)
			}
			for beginning, steps := range handlerBeginnings {
				for ending, end := range handlerEnds {
					for mood, act := range clientMoods {
						for i, moment := range moments {
							if h2test.UnderRaceDetector && (len(mood)+len(ending)+len(beginning)+i)%7 != 0 {
								continue // a part of it takes long enough
							}
							s := setup{errs: handlerErrs, userSched: way.userSched}
							s.srv.ReadIdleTimeout, s.srv.WriteByteTimeout = time.Minute, time.Minute
							s.play = func(on *stage) {
								on.client.Write(begun)
								time.Sleep(moment)
								act(t, on, rest)
							}
							s.place = fmt.Sprintf("%s; %s; %s after %v", beginning, ending, mood, moment)
							goesWrong(t, said, steps, end, &s)
						}
					}
				}
			}
		})
	}
}

// goesWrong has a handler go wrong, and checks that nothing worse comes of it.
func goesWrong(t *testing.T, said *said, steps []func(*handlerRecord), end handlerEnd, s *setup) {
	t.Helper()
	v := &conversation{said: said, handler: func(a *handlerRecord) {
		for _, step := range steps {
			step(a)
			time.Sleep(time.Millisecond)
		}
		end.do(a)
	}}
	accounts, _ := v.converses(t, s)
	for _, a := range accounts {
		if end.aborts && a.received.ended {
			t.Fatalf("%s: the handler has not returned, and its response looks complete", s.place)
		}
	}
}
