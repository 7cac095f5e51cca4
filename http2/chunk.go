package http2

import (
	"io"

	"h2fork.example/net/internal/conn"
)

// writeChunk writes the first n bytes of k to w, and frees k.
func writeChunk(w io.Writer, k *conn.Chunk, n int) (int, error) {
	m, err := w.Write(k.Bytes()[:n])
	k.Free()
	if err == nil && m != n {
		err = io.ErrShortWrite
	}
	return m, err
}
