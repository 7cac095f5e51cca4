package http2

import (
	"net/http"
	"sync"
	"testing"

	"h2fork.example/net/internal/h2test"
)

// Flushes, returns and the writer race for real here, so that the race detector
// has something to look at. The outcome is the one that the model promises.
func TestFlushesThatRaceWithReturnsDoNotShow(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(http.ResponseWriter)
		want func(id uint32) []h2test.Expectation
	}{
		{"Trailers-Only", andReturn, func(id uint32) []h2test.Expectation {
			return []h2test.Expectation{
				h2test.HeadersFrame(id, h2test.EndStream, append([]string{"content-length", "0"}, trailersOnlySent...)...),
			}
		}},
		{"with trailers", func(w http.ResponseWriter) {
			setFields(w, http.TrailerPrefix+"Grpc-Status", "0")
		}, func(id uint32) []h2test.Expectation {
			return []h2test.Expectation{
				h2test.HeadersFrame(id, h2test.KeepOpen, trailersOnlySent...),
				h2test.HeadersFrame(id, h2test.EndStream, "grpc-status", "0"),
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			handler := func(w http.ResponseWriter, _ *http.Request) {
				setFields(w, trailersOnly...)
				w.WriteHeader(http.StatusOK)
				var started sync.WaitGroup
				for range 3 {
					started.Add(1)
					go func() {
						started.Done()
						flushNow(w)
						flushNow(w)
					}()
				}
				started.Wait()
				c.end(w)
			}
			framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
				const requests = 200
				for i := range uint32(requests) {
					p.Request(2*i+1, h2test.EndStream)
					p.Want("the race does not show", c.want(2*i+1)...)
				}
				p.WantNothing("every stream is closed")
			})
		})
	}
}
