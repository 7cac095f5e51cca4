package http2

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
)

// A body's content-type is what net/http's sniffing says of it, whatever was sniffed
// before, and by whom. The bodies begin alike, and differ where it matters: in the
// first byte, in the length, or just before and after sniffedLen.
func TestContentTypeIsThatOfTheBodyAtHand(t *testing.T) {
	starts := []string{"<html>", "%PDF-", "\x89PNG\r\n\x1a\n", "hello", "\x00\x01", "{}"}
	var bodies [][]byte
	for _, start := range starts {
		for _, size := range []int{len(start), len(start) + 1, sniffedLen - 1, sniffedLen, sniffedLen + 1, 2 * sniffedLen} {
			body := make([]byte, size)
			for i := range body {
				body[i] = ' '
			}
			copy(body, start)
			bodies = append(bodies, body)
			binary := append([]byte(nil), body...)
			binary[size-1] = 1
			bodies = append(bodies, binary, body[1:], append([]byte(" "), body...))
		}
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 5000 {
				body := bodies[rand.IntN(len(bodies))]
				if len(body) == 0 {
					continue
				}
				if got, want := detectContentType(body), http.DetectContentType(body); got != want {
					panic(fmt.Sprintf("%.20q of %d bytes is %q, want %q", body, len(body), got, want))
				}
			}
		})
	}
	all.Wait()
}
