package stack

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
)

func TestAProxyThatUsesItsBuffersAgainKeepsBodiesApart(t *testing.T) {
	const calls, size = 64, 3*proxyBuffer + 17
	body := func(n int) []byte { return bytes.Repeat([]byte{byte(n)}, size) }
	backend, err := Ours().Start(Protocols, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		fmt.Sscanf(r.URL.Path, "/%d", &n)
		w.Write(body(n))
	}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	u, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := Ours().Start(Protocols, Ours().ReverseProxy(u, new(Buffers)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	client, closeConns := Client(Protocols)
	defer closeConns()
	var all sync.WaitGroup
	for n := range calls {
		all.Go(func() {
			resp, err := client.Get(fmt.Sprintf("%s/%d", proxy.URL, n))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, body(n)) {
				t.Errorf("response %d is another one's, or %d bytes long; %v", n, len(got), err)
			}
		})
	}
	all.Wait()
}
