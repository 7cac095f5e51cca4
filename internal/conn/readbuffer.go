package conn

import (
	"io"
	"sync"
	"time"

	"h2fork.example/net/internal/wire"
)

const (
	// readBufferSize is what an active connection reads into. Larger frames
	// borrow a larger one, up to our MAX_FRAME_SIZE.
	readBufferSize = 32 << 10

	// bulkReadSize is what a connection reads into whose peer sends more than
	// that at a time: fewer system calls, and fewer frames that are not complete
	// and have to be moved.
	bulkReadSize = 128 << 10

	// readGrowth is by how much the buffer grows for a frame that does not fit.
	// The frame's length alone is only a promise: nine bytes must not cost us
	// MAX_FRAME_SIZE, on as many connections as somebody cares to open.
	readGrowth = 4

	// maxPooledFrame bounds the buffers that are kept for large frames: 1 MiB is a
	// server's MAX_FRAME_SIZE where nobody asks for another.
	maxPooledFrame = 1<<20 + wire.HeaderLen

	// idleReadSize is what an idle connection reads into: it holds no buffer
	// (4,000 idle connections would hold 128 MB). A request that is not repeated,
	// or one of gRPC, mostly fits.
	idleReadSize = 256
)

var (
	readBuffers = sync.Pool{New: func() any { b := make([]byte, readBufferSize); return &b }}
	bulkBuffers = sync.Pool{New: func() any { b := make([]byte, bulkReadSize); return &b }}

	// frameBuffers are larger, up to maxPooledFrame: for connections that get one
	// large frame after the other.
	frameBuffers = sync.Pool{New: func() any { return new([]byte) }}
)

// fill reads more. An idle connection gives its buffer back first.
func (in *reader) fill() error {
	if in.r == in.w {
		in.r, in.w = 0, 0
		if n := len(in.buf); n > idleReadSize && !in.c.needs(n, in.bulk) {
			in.freeBuffer()
		}
	}
	if in.w == len(in.buf) || in.need() > len(in.buf)-in.r {
		in.grow()
	}
	free := len(in.buf) - in.w
	n, err := in.c.nc.Read(in.buf[in.w:])
	in.w += n
	in.bulk = n >= readBufferSize || (n == free && n >= readBufferSize/2)
	in.now = time.Now()
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// needs reports whether the connection still has a use for a buffer of n bytes.
// The larger ones are for content only: the next Read may wait for hours.
func (c *Conn) needs(n int, bulk bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > readBufferSize {
		return bulk && c.sess.Receiving()
	}
	return c.sess.OpenStreams() > 0
}

// need is the size of the frame at the front, as far as that is known.
func (in *reader) need() int {
	if in.w-in.r < wire.HeaderLen {
		return wire.HeaderLen
	}
	return wire.HeaderLen + int(wire.ParseHeader(in.buf[in.r:]).Length)
}

// grow makes room for the frame at the front, or at least for more of it.
func (in *reader) grow() {
	unread := in.buf[in.r:in.w]
	if size := in.size(len(unread)); size > len(in.buf) {
		old := in.pooled
		in.take(size)
		copy(in.buf, unread)
		giveBack(old)
	} else if in.r > 0 {
		copy(in.buf, unread)
	}
	in.r, in.w = 0, len(unread)
}

// size is how large a buffer should be of which unread bytes are taken.
func (in *reader) size(unread int) int {
	n := len(in.buf)
	switch {
	case n < readBufferSize:
		return readBufferSize
	case in.bulk && n < bulkReadSize:
		return bulkReadSize
	case unread < n:
		return n // there is room, if only at the front
	}
	return min(max(in.need(), readBufferSize), readGrowth*n)
}

// take gets a buffer of at least size bytes. One that is larger than those which
// are pooled is kept while the peer sends as much at a time.
func (in *reader) take(size int) {
	switch {
	case size <= readBufferSize:
		in.pooled = readBuffers.Get().(*[]byte)
	case size <= bulkReadSize:
		in.pooled = bulkBuffers.Get().(*[]byte)
	default:
		in.pooled = frameBuffers.Get().(*[]byte)
		if len(*in.pooled) < size {
			*in.pooled = make([]byte, size)
		}
	}
	in.buf = *in.pooled
}

// freeBuffer gives the buffer back.
func (in *reader) freeBuffer() {
	giveBack(in.pooled)
	in.pooled, in.buf = nil, in.small[:]
	in.r, in.w = 0, 0
}

func giveBack(pooled *[]byte) {
	switch {
	case pooled == nil:
	case len(*pooled) == readBufferSize:
		readBuffers.Put(pooled)
	case len(*pooled) == bulkReadSize:
		bulkBuffers.Put(pooled)
	case len(*pooled) <= maxPooledFrame:
		frameBuffers.Put(pooled)
	}
}
