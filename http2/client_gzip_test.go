package http2

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"testing"

	"h2fork.example/net/internal/h2test"
)

// gzipped is content, compressed.
func gzipped(content string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, content)
	w.Close()
	return b.String()
}

func TestGzipIsAskedForAndUndone(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(get("https://example.com/"))
		p := h2test.NewPeer(t, <-c.dials)
		c.peers = append(c.peers, p)
		p.Accept()
		p.Want("gzip", h2test.HeadersWith(1, h2test.EndStream, "accept-encoding", "gzip"))
		content := long(100_000)
		zipped := gzipped(content)
		p.Headers(1, h2test.KeepOpen, ":status", "200", "content-encoding", "gzip", "content-length", strconv.Itoa(len(zipped)))
		res := k.response()
		if !res.Uncompressed || res.ContentLength != -1 || len(res.Header) != 0 {
			t.Errorf("the response is %+v", res)
		}
		for ; len(zipped) > 0; zipped = zipped[min(len(zipped), 10000):] {
			p.Data(1, len(zipped) <= 10000, zipped[:min(len(zipped), 10000)])
		}
		got, err := io.ReadAll(res.Body)
		if string(got) != content {
			t.Errorf("the body is %.50q…, %v", got, err)
		}
		res.Body.Close()
		if _, err := res.Body.Read(make([]byte, 1)); err != fs.ErrClosed {
			t.Errorf("Read after Close: %v", err)
		}
	})
}

func TestGzipIsNotAskedForWhereItMeansSomethingElse(t *testing.T) {
	for name, prepare := range map[string]func(req *http.Request, tr *Transport){
		"the program has an opinion": func(req *http.Request, _ *Transport) { req.Header.Set("Accept-Encoding", "br") },
		"a range is of the encoding": func(req *http.Request, _ *Transport) { req.Header.Set("Range", "bytes=0-1") },
		"HEAD has nothing to unpack": func(req *http.Request, _ *Transport) { req.Method = "HEAD" },
		"compression is switched off": func(_ *http.Request, tr *Transport) {
			tr.DisableCompression = true
		},
		"net/http has switched it off": func(_ *http.Request, tr *Transport) {
			tr.h1 = &http.Transport{DisableCompression: true}
		},
	} {
		withTransport(t, new(Transport), func(c *calling) {
			req := get("https://example.com/")
			prepare(req, c.tr)
			k := c.roundTrip(req)
			p := h2test.NewPeer(t, <-c.dials)
			c.peers = append(c.peers, p)
			p.Accept()
			for _, f := range p.Next().Fields {
				if f.Name == "accept-encoding" && f.Value != "br" {
					t.Errorf("%s: accept-encoding is %q", name, f.Value)
				}
			}
			p.Headers(1, h2test.KeepOpen, ":status", "200", "content-encoding", "gzip")
			p.Data(1, h2test.EndStream, "as it is")
			if res := k.response(); req.Method != "HEAD" {
				wantBody(t, res, "as it is")
			}
		})
	}
}

func TestBrokenGzipIsAnError(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200", "content-encoding", "GZIP")
		p.Data(1, h2test.EndStream, "this is not gzip, is it?")
		res := k.response()
		if _, err := io.ReadAll(res.Body); err != gzip.ErrHeader {
			t.Errorf("Read: %v", err)
		}
		res.Body.Close()
	})
}
