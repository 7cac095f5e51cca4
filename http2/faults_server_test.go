package http2

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// mostOffsets bounds at how many places a conversation is broken in one test.
// Longer ones are broken at places with equal distances.
func mostOffsets() int {
	if h2test.UnderRaceDetector {
		return 25
	}
	return 300 // which is every byte of what most clients say
}

// offsets calls f with the numbers from 0 to n, or with a part of them.
func offsets(n int, f func(at int)) {
	for at := 0; at <= n; at += 1 + n/mostOffsets() {
		f(at)
	}
}

// cutAnywhere replays every conversation to each of its bytes, where end ends it.
func cutAnywhere(t *testing.T, s setup, end func(client *h2test.Conn)) {
	eachVariant(t, func(t *testing.T, v *conversation, userSched bool) {
		s.userSched = userSched
		all := v.said.bytes()
		offsets(len(all), func(at int) {
			s.play = func(on *stage) {
				on.client.Write(all[:at])
				end(on.client)
			}
			s.place = fmt.Sprintf("cut at %d", at)
			v.converses(t, &s)
		})
	})
}

func TestClientThatVanishesAtAnyByte(t *testing.T) {
	cutAnywhere(t, setup{errs: gone}, func(client *h2test.Conn) { client.Close() })
}

func TestClientThatVanishesAfterTheServerHasCaughtUp(t *testing.T) {
	cutAnywhere(t, setup{errs: gone}, func(client *h2test.Conn) {
		time.Sleep(time.Second)
		client.Close()
	})
}

func TestClientThatBreaksTheConnectionAtAnyByte(t *testing.T) {
	cutAnywhere(t, setup{errs: gone}, func(client *h2test.Conn) {
		time.Sleep(time.Millisecond)
		client.Reset()
	})
}

func TestClientThatHalfClosesAtAnyByte(t *testing.T) {
	cutAnywhere(t, setup{errs: gone}, func(client *h2test.Conn) { client.CloseWrite() })
}

func TestClientThatFallsSilentAtAnyByteIsGivenUp(t *testing.T) {
	s := setup{errs: gone}
	s.srv.ReadIdleTimeout = time.Minute
	cutAnywhere(t, s, func(*h2test.Conn) {})
}

func TestSilentClientRunsIntoTheTimeoutsOfItsRequests(t *testing.T) {
	s := setup{errs: late}
	s.srv.IdleTimeout = time.Minute
	s.readTimeout, s.writeTimeout = time.Minute, 2*time.Minute
	cutAnywhere(t, s, func(*h2test.Conn) {})
}

func TestClientThatReadsNothingIsGivenUp(t *testing.T) {
	s := setup{errs: gone, deaf: true}
	s.srv.WriteByteTimeout, s.srv.ReadIdleTimeout = time.Minute, 2*time.Minute
	eachVariant(t, func(t *testing.T, v *conversation, userSched bool) {
		s.userSched = userSched
		for _, buffer := range []int{1, 10, 100, 1000} {
			s.play = func(on *stage) {
				on.server.LimitBuffer(buffer)
				on.client.Write(v.said.bytes())
			}
			v.converses(t, &s)
		}
	})
}

// wholeWith replays every conversation under some difficulty, and wants it to be
// as if there were none.
func wholeWith(t *testing.T, play func(on *stage, said *said)) {
	eachVariant(t, func(t *testing.T, v *conversation, userSched bool) {
		accounts, _ := v.converses(t, &setup{errs: gone, userSched: userSched, play: func(on *stage) {
			play(on, v.said)
			time.Sleep(time.Minute)
			on.records.wantEnded(t)
			on.client.Close()
		}})
		if n := v.wantAll(t, accounts); n != v.requests {
			t.Errorf("%d of %d requests were served", n, v.requests)
		}
	})
}

func TestConversationsAreWhole(t *testing.T) {
	wholeWith(t, func(on *stage, said *said) { on.client.Write(said.bytes()) })
}

func TestConversationsAreWholeByteByByte(t *testing.T) {
	wholeWith(t, func(on *stage, said *said) {
		on.server.SplitReads(1)
		on.client.Write(said.bytes())
	})
}

func TestConversationsAreWholeIfEachByteTakesItsTime(t *testing.T) {
	wholeWith(t, func(on *stage, said *said) {
		for _, b := range said.bytes() {
			on.client.Write([]byte{b})
			time.Sleep(100 * time.Millisecond)
		}
	})
}

func TestConversationsAreWholeIfTheClientReadsByteByByte(t *testing.T) {
	wholeWith(t, func(on *stage, said *said) {
		on.server.LimitBuffer(1)
		on.client.SplitReads(1)
		on.client.Write(said.bytes())
	})
}

func TestServerWhoseWritesFailAtAnyByte(t *testing.T) {
	cut := errors.New("the cable is cut")
	eachVariant(t, func(t *testing.T, v *conversation, userSched bool) {
		s := setup{errs: gone, userSched: userSched}
		play := func(on *stage) {
			on.client.Write(v.said.bytes())
			time.Sleep(time.Second)
			on.client.Close()
		}
		s.play = play
		_, n := v.converses(t, &s)
		offsets(int(n), func(at int) {
			s.play = func(on *stage) {
				on.server.FailWrites(at, cut)
				play(on)
			}
			s.place = fmt.Sprintf("failed at %d", at)
			v.converses(t, &s)
		})
	})
}

// betweenFrames replays every conversation, and has something happen between any
// two of its frames.
func betweenFrames(t *testing.T, s setup, happen func(on *stage), end func(t *testing.T, v *conversation, accounts []*handlerRecord)) {
	eachVariant(t, func(t *testing.T, v *conversation, userSched bool) {
		s.userSched = userSched
		for n := range v.said.frames {
			s.play = func(on *stage) {
				on.client.Write(v.said.upTo(n))
				synctest.Wait()
				happen(on)
				on.client.Write(v.said.bytes()[len(v.said.upTo(n)):])
			}
			s.place = fmt.Sprintf("after %d frames", n)
			accounts, _ := v.converses(t, &s)
			if end != nil {
				end(t, v, accounts)
			}
		}
	})
}

// A graceful shutdown ends the connection of itself, once what was accepted has
// been answered in full.
func TestShutdownBetweenAnyTwoFramesLosesNothing(t *testing.T) {
	betweenFrames(t, setup{}, func(on *stage) { on.hs.Shutdown(context.Background()) },
		func(t *testing.T, v *conversation, accounts []*handlerRecord) { v.wantAll(t, accounts) })
}

// What http.Server.Close does to connections.
func TestServerThatClosesTheConnectionBetweenAnyTwoFrames(t *testing.T) {
	betweenFrames(t, setup{errs: gone}, func(on *stage) { on.server.Close() }, nil)
}

func TestClientThatSaysGoodbyeBetweenAnyTwoFramesLosesNothing(t *testing.T) {
	goAway := wire.AppendGoAway(nil, 0, wire.NoError, nil)
	eachVariant(t, func(t *testing.T, v *conversation, userSched bool) {
		for n := 2; n < len(v.said.frames); n++ { // after SETTINGS
			if !v.said.sectionComplete(n) {
				continue
			}
			accounts, _ := v.converses(t, &setup{place: fmt.Sprintf("after %d frames", n), userSched: userSched, play: func(on *stage) {
				on.client.Write(v.said.upTo(n))
				synctest.Wait()
				on.client.Write(goAway)
				on.client.Write(v.said.bytes()[len(v.said.upTo(n)):])
			}})
			v.wantAll(t, accounts)
		}
	})
}

// sectionComplete reports whether a frame of another stream may follow the first
// n.
func (s *said) sectionComplete(n int) bool {
	h := wire.ParseHeader(s.frames[n-1])
	return h.Type != wire.Headers || h.Flags.Has(wire.FlagEndHeaders)
}

func TestClientThatResetsAnyStreamAfterAnyFrame(t *testing.T) {
	errs := []error{errClientDisconnected, errStreamClosed, StreamError{StreamID: 1, Code: ErrCodeCancel}}
	eachVariant(t, func(t *testing.T, v *conversation, userSched bool) {
		for n := 4; n <= len(v.said.frames); n++ { // once there is a stream
			if !v.said.sectionComplete(n) {
				continue
			}
			v.converses(t, &setup{place: fmt.Sprintf("after %d frames", n), errs: errs, userSched: userSched, play: func(on *stage) {
				on.client.Write(v.said.upTo(n))
				synctest.Wait()
				on.client.Write(wire.AppendRSTStream(nil, 1, wire.Cancel))
				synctest.Wait()
				on.client.Close()
			}})
		}
	})
}

// What a reset stream had lent is its handler's again, which changes it at once.
func TestClientThatResetsAStreamWhileItReadsNothing(t *testing.T) {
	errs := []error{errClientDisconnected, errStreamClosed, StreamError{StreamID: 1, Code: ErrCodeCancel}}
	eachVariant(t, func(t *testing.T, v *conversation, userSched bool) {
		for buffer := 60; buffer < 20_000; buffer = buffer*5/4 + 1 {
			v.converses(t, &setup{place: fmt.Sprintf("the client reads nothing after %d bytes", buffer), errs: errs, userSched: userSched, deaf: true, play: func(on *stage) {
				on.server.LimitBuffer(buffer)
				on.client.Write(v.said.bytes())
				time.Sleep(time.Second)
				on.client.Write(wire.AppendRSTStream(nil, 1, wire.Cancel))
				time.Sleep(time.Second)
				on.ears.open()
				time.Sleep(time.Second)
				on.records.wantEnded(t)
				on.client.Close()
			}})
		}
	})
}

// eachSecond replays every conversation with a second between two frames, to have
// a deadline at every stage of it.
func eachSecond(t *testing.T, errs []error, arm func(s *setup, d time.Duration)) {
	eachVariant(t, func(t *testing.T, v *conversation, userSched bool) {
		for n := range v.said.frames {
			s := setup{errs: errs, userSched: userSched}
			arm(&s, time.Duration(n)*time.Second+time.Second/2)
			s.play = func(on *stage) {
				for _, f := range v.said.frames {
					time.Sleep(time.Second)
					on.client.Write(f)
				}
				time.Sleep(time.Minute)
				on.client.Close()
			}
			s.place = fmt.Sprintf("the deadline is in second %d", n)
			v.converses(t, &s)
		}
	})
}

func TestReadTimeoutAtEveryStage(t *testing.T) {
	eachSecond(t, late, func(s *setup, d time.Duration) { s.readTimeout = d })
}

func TestWriteTimeoutAtEveryStage(t *testing.T) {
	eachSecond(t, late, func(s *setup, d time.Duration) { s.writeTimeout = d })
}

func TestIdleTimeoutAtEveryStage(t *testing.T) {
	eachSecond(t, gone, func(s *setup, d time.Duration) { s.srv.IdleTimeout = d })
}

func TestReadDeadlineOfAHandlerAtEveryStage(t *testing.T) {
	eachSecond(t, late, func(s *setup, d time.Duration) {
		s.prepare = func(a *handlerRecord) { http.NewResponseController(a.w).SetReadDeadline(time.Now().Add(d)) }
	})
}

func TestWriteDeadlineOfAHandlerAtEveryStage(t *testing.T) {
	eachSecond(t, late, func(s *setup, d time.Duration) {
		s.prepare = func(a *handlerRecord) { http.NewResponseController(a.w).SetWriteDeadline(time.Now().Add(d)) }
	})
}
