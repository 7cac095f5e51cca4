package conn

import (
	"io"
	"sync"

	"h2fork.example/net/internal/session"
)

// Chunk sizes: small bodies are common, and a peer that sends one byte on each of
// many streams must not make us hold a large buffer for each.
const (
	smallChunk = 2 << 10
	largeChunk = 16 << 10
)

var smallChunks = sync.Pool{New: func() any { return new(Chunk).with(smallChunk) }}
var largeChunks = sync.Pool{New: func() any { return new(Chunk).with(largeChunk) }}

// Chunk is a piece of a receive buffer: b[r:w] is unread.
type Chunk struct {
	b    []byte
	r, w int
	next *Chunk
}

func (k *Chunk) with(n int) *Chunk {
	k.b = make([]byte, n)
	return k
}

func newChunk(n int) *Chunk {
	pool := &largeChunks
	if n <= smallChunk {
		pool = &smallChunks
	}
	k := pool.Get().(*Chunk)
	k.r, k.w, k.next = 0, 0, nil
	return k
}

// Bytes is what is unread, until Free.
func (k *Chunk) Bytes() []byte { return k.b[k.r:k.w] }

// Free gives the chunk back.
func (k *Chunk) Free() {
	if len(k.b) == smallChunk {
		smallChunks.Put(k)
	} else {
		largeChunks.Put(k)
	}
}

// Body is a stream's receive buffer: the reader goroutine delivers, and the program
// reads. The stream's flow-control window bounds what may be in it.
//
// A stream on which no content can come has none; End and Close do nothing then.
type Body struct {
	st *Stream // constant until Detach

	mu          sync.Mutex
	arrived     waiters // on mu: Reads
	first, last *Chunk
	n           int   // bytes unread
	err         error // after the last byte; nil while more may come
	atEnd       func()

	// Content that arrives while Reads wait is copied straight into the buffer of the
	// first of them, which saves a copy.
	dst    []byte // the unfilled part of that buffer
	filled int    // how much is in it
	direct bool   // one of them has lent its buffer
	fed    bool   // wake is about to be called
	closed bool   // by the program: content that arrives is discarded
}

// put adds data, which is copied. Once the body is closed it adds nothing, and
// wanted is false. If a Read waits for the data, waited is true, and the reader
// goroutine, which is the caller, must call wake before it waits itself.
func (b *Body) put(data []byte) (wanted, waited bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false, false
	}
	if b.arrived.any() && !b.fed && len(data) > 0 {
		b.fed, waited = true, true
	}
	if b.n == 0 {
		m := copy(b.dst, data)
		b.dst, b.filled = b.dst[m:], b.filled+m
		data = data[m:]
	}
	b.n += len(data)
	for len(data) > 0 {
		if b.last == nil || b.last.w == len(b.last.b) {
			k := newChunk(len(data))
			if b.last == nil {
				b.first = k
			} else {
				b.last.next = k
			}
			b.last = k
		}
		m := copy(b.last.b[b.last.w:], data)
		b.last.w += m
		data = data[m:]
	}
	return true, waited
}

// wake wakes the waiting Reads.
func (b *Body) wake() {
	b.mu.Lock()
	b.fed = false
	b.arrived.wake()
	b.mu.Unlock()
}

// End says that err (io.EOF, if all went well) follows what has been delivered. The
// first call counts. atEnd, if not nil, runs in the goroutine whose Read returns
// err, before it returns.
func (b *Body) End(err error, atEnd func()) {
	if b == nil {
		return
	}
	b.mu.Lock()
	if b.err == nil {
		b.err, b.atEnd = err, atEnd
	}
	b.arrived.wake()
	b.mu.Unlock()
}

// Buffered reports whether Read would return at once.
func (b *Body) Buffered() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n > 0 || b.err != nil || b.closed
}

// Peek returns a copy of the content, and reads none of it, if all has arrived and is
// still there, and is at most that long; or nil. A [session.Buffer] must hold that.
func (b *Body) Peek(most int) *session.Buffer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.err != io.EOF || b.n > most {
		return nil
	}
	buf := session.NewBuffer(b.n)
	for k := b.first; k != nil; k = k.next {
		buf = buf.Append(k.Bytes())
	}
	return buf
}

// Read reads what has arrived, or waits. Bytes read are given back to the windows.
func (b *Body) Read(p []byte) (int, error) {
	b.mu.Lock()
	n := b.takeLocked(p)
	if n == 0 && len(p) > 0 {
		n = b.waitLocked(p)
	}
	if n == 0 && len(p) > 0 {
		return 0, b.unlockAtEnd()
	}
	b.mu.Unlock()
	if n > 0 {
		b.consume(n)
	}
	return n, nil
}

// Next waits for bytes, and returns some that have arrived together, without the
// copy that Read makes. They are given back to the windows at once, as in Read. The
// caller frees the chunk, and may take its time.
func (b *Body) Next() (*Chunk, error) {
	b.mu.Lock()
	if b.n == 0 {
		b.waitLocked(nil)
	}
	k := b.first
	if k == nil {
		return nil, b.unlockAtEnd()
	}
	b.removeLocked(k)
	b.n -= k.w - k.r
	b.mu.Unlock()
	b.consume(k.w - k.r)
	return k, nil
}

// unlockAtEnd unlocks b and returns what follows the last byte.
func (b *Body) unlockAtEnd() error {
	err, atEnd := b.err, b.atEnd
	b.atEnd = nil
	b.mu.Unlock()
	if atEnd != nil {
		atEnd()
	}
	return err
}

// consume gives bytes that have been taken back to the windows.
func (b *Body) consume(n int) {
	b.st.c.Lock()
	b.st.c.sess.Consume(&b.st.proto, n)
	b.st.c.UnlockAndWake()
}

// waitLocked waits for bytes or for the end. If p is not empty, it moves bytes into
// p and returns how many.
func (b *Body) waitLocked(p []byte) int {
	lends := !b.direct && len(p) > 0
	if lends {
		b.direct, b.dst = true, p
	}
	for !(lends && b.filled > 0) && b.n == 0 && b.err == nil && !b.closed {
		b.arrived.wait(&b.mu)
	}
	if lends {
		n := b.filled
		b.direct, b.dst, b.filled = false, nil, 0
		if n > 0 {
			return n
		}
	}
	return b.takeLocked(p)
}

// takeLocked moves unread bytes into p.
func (b *Body) takeLocked(p []byte) (n int) {
	for n < len(p) && b.first != nil {
		k := b.first
		m := copy(p[n:], k.b[k.r:k.w])
		k.r += m
		n += m
		if k.r < k.w {
			break
		}
		b.removeLocked(k)
		k.Free()
	}
	b.n -= n
	return n
}

// removeLocked removes the first chunk.
func (b *Body) removeLocked(k *Chunk) {
	b.first = k.next
	if b.first == nil {
		b.last = nil
	}
}

// Close says that the program will not read any more. What is unread is given back
// to the connection's window, and so is what still arrives.
func (b *Body) Close() {
	if b == nil {
		return
	}
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return
	}
	b.closed = true
	n := b.n
	b.n = 0
	if b.err == nil || b.err == io.EOF && n > 0 {
		b.err, b.atEnd = ErrBodyClosed, nil // io.EOF would say that all has been read
	}
	for k := b.first; k != nil; {
		next := k.next
		k.Free()
		k = next
	}
	b.first, b.last = nil, nil
	b.arrived.wake()
	b.mu.Unlock()
	b.discard(n)
}

// Detach takes b off its stream, which is about to be used again. b is closed, and
// nobody has taken bytes of it that have not been given back to the windows.
func (b *Body) Detach() {
	if b != nil {
		b.st = nil
	}
}

func (b *Body) discard(n int) {
	if n > 0 {
		b.st.c.Lock()
		b.st.c.sess.Discard(&b.st.proto, n)
		b.st.c.UnlockAndWake()
	}
}
