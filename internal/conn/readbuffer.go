package conn

import (
	"io"
	"sync"
	"time"

	"h2fork.example/net/internal/wire"
)

const (
	// readBufferSize is the size of an active connection's read buffer. For larger
	// frames a larger one is borrowed, up to our MAX_FRAME_SIZE.
	readBufferSize = 32 << 10

	// bulkReadSize is the size of the read buffer where the peer sends more than
	// readBufferSize at a time. It makes for fewer system calls, and for fewer
	// incomplete frames that have to be moved.
	bulkReadSize = 128 << 10

	// readGrowth is the factor by which the buffer grows for a frame that does not
	// fit. The frame's length alone is only a promise: nine bytes must not make us
	// allocate MAX_FRAME_SIZE, on as many connections as an attacker opens.
	readGrowth = 4

	// maxPooledFrame bounds the buffers that are kept for large frames: 1 MiB is a
	// server's default MAX_FRAME_SIZE. A peer that once sends a larger frame must not
	// have us keep its buffer.
	maxPooledFrame = 1<<20 + wire.HeaderLen

	// idleReadSize is the size of the small array that an idle connection reads into
	// instead of a pooled buffer (for 4,000 idle connections those would be 128 MB).
	// One ordinary request, or one of gRPC, mostly fits.
	idleReadSize = 192
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

// needs reports whether the connection still has a use for a buffer of n bytes. The
// larger ones are for content only: the next Read may wait for hours.
func (c *Conn) needs(n int, bulk bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > readBufferSize {
		return bulk && c.sess.Receiving()
	}
	return c.sess.OpenStreams() > 0
}

// need is the size of the frame at the front, or of its header while that is
// incomplete.
func (in *reader) need() int {
	if in.w-in.r < wire.HeaderLen {
		return wire.HeaderLen
	}
	return wire.HeaderLen + int(wire.ParseHeader(in.buf[in.r:]).Length)
}

// grow makes space for the frame at the front, or at least for more of it.
func (in *reader) grow() {
	unread := in.buf[in.r:in.w]
	if size := in.size(len(unread)); size > len(in.buf) {
		old := in.pooled
		in.getBuffer(size)
		copy(in.buf, unread)
		giveBack(old)
	} else if in.r > 0 {
		copy(in.buf, unread)
	}
	in.r, in.w = 0, len(unread)
}

// size is how large the buffer should be, given that it holds so many unread bytes.
func (in *reader) size(unread int) int {
	n := len(in.buf)
	switch {
	case n < readBufferSize:
		return readBufferSize
	case in.bulk && n < bulkReadSize:
		return bulkReadSize
	case unread < n:
		return n // there is space, if only at the front
	}
	return min(max(in.need(), readBufferSize), readGrowth*n)
}

// getBuffer gets a buffer of at least size bytes. The connection keeps a large one
// while the peer sends as much at a time.
func (in *reader) getBuffer(size int) {
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
