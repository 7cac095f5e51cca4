package http2

import (
	"compress/gzip"
	"io"
	"io/fs"
	"strings"
	"sync"
)

// gzipBody decompresses a body.
type gzipBody struct {
	body io.ReadCloser

	mu  sync.Mutex // held by Read, and by Close once body is closed and Read cannot block
	zr  *gzip.Reader
	err error
}

var gzipReaders sync.Pool

func (g *gzipBody) Read(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err == nil && g.zr == nil {
		g.open()
	}
	if g.err != nil {
		return 0, g.err
	}
	return g.zr.Read(p)
}

// open reads the header of the compressed stream.
func (g *gzipBody) open() {
	zr, _ := gzipReaders.Get().(*gzip.Reader)
	if zr == nil {
		zr = new(gzip.Reader)
	}
	if err := zr.Reset(g.body); err != nil {
		g.err = err
		return
	}
	g.zr = zr
}

func (g *gzipBody) Close() error {
	err := g.body.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = fs.ErrClosed
	if g.zr != nil {
		g.zr.Reset(strings.NewReader("")) // or the pool would keep the whole stream
		gzipReaders.Put(g.zr)
		g.zr = nil
	}
	return err
}
