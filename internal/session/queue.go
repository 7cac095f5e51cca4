package session

import (
	"sync"
	"unsafe"

	"h2fork.example/net/hpack"
)

// Section is a field section to be sent. Sections are pooled: the encoder frees one
// once it has encoded it.
type Section struct {
	Fields []hpack.HeaderField
}

// sectionFields is the capacity that a section begins with. Most have fewer, and one that
// grows by doubling allocates five times.
const sectionFields = 12

var sections = sync.Pool{New: func() any { return &Section{make([]hpack.HeaderField, 0, sectionFields)} }}

// maxPooledFields bounds the sections that are pooled: one huge section must not be
// kept for ever.
const maxPooledFields = 128

// memory is what the section takes up.
func (s *Section) memory() int {
	n := int(unsafe.Sizeof(*s)) + cap(s.Fields)*int(unsafe.Sizeof(hpack.HeaderField{}))
	for i := range s.Fields {
		n += len(s.Fields[i].Name) + len(s.Fields[i].Value)
	}
	return n
}

// NewSection returns an empty section.
func NewSection() *Section { return sections.Get().(*Section) }

// Free gives the section back. Its fields may not be used any more.
func (s *Section) Free() {
	if cap(s.Fields) > maxPooledFields {
		return
	}
	clear(s.Fields)
	s.Fields = s.Fields[:0]
	sections.Put(s)
}

const (
	// BufferSize is the capacity of a large [Buffer], and how much a handler may write
	// before its response is sent: 4,096 bytes as in upstream.
	BufferSize = 4096

	// smallBuffer is that of the others: enough for most of what is less than a page,
	// such as a gRPC message. Where the collector is busy it empties the pools, and
	// every sixth message of a proxy cost 4 KiB.
	smallBuffer = 512
)

// Buffer is body bytes to be sent. The function that it is passed to owns it from
// then on.
type Buffer struct {
	B []byte // cap == BufferSize or smallBuffer
}

var (
	largeBuffers = newBuffers(BufferSize)
	smallBuffers = newBuffers(smallBuffer)
)

func newBuffers(size int) *sync.Pool {
	return &sync.Pool{New: func() any { return &Buffer{make([]byte, 0, size)} }}
}

// buffersFor is the pool of buffers with room for n bytes, BufferSize at most.
func buffersFor(n int) *sync.Pool {
	if n <= smallBuffer {
		return smallBuffers
	}
	return largeBuffers
}

// NewBuffer returns an empty buffer with room for n bytes, BufferSize at most.
func NewBuffer(n int) *Buffer { return buffersFor(n).Get().(*Buffer) }

// Append returns a buffer with p behind what b holds, BufferSize bytes at most in
// all. It is b if there is room, and b may not be used any more if it is not.
func (b *Buffer) Append(p []byte) *Buffer {
	if len(b.B)+len(p) > cap(b.B) {
		b = b.enlarge()
	}
	b.B = append(b.B, p...)
	return b
}

// enlarge returns a large buffer with what b holds. It is b if that is large.
func (b *Buffer) enlarge() *Buffer {
	if cap(b.B) == BufferSize {
		return b
	}
	large := NewBuffer(BufferSize).Append(b.B)
	b.Free()
	return large
}

// Len is how much b holds, which may be nil.
func (b *Buffer) Len() int {
	if b == nil {
		return 0
	}
	return len(b.B)
}

// Free gives the buffer back, if it is not nil.
func (b *Buffer) Free() {
	if b == nil {
		return
	}
	b.B = b.B[:0]
	buffersFor(cap(b.B)).Put(b)
}

// memory is what the buffer takes up, however little is in it.
func (b *Buffer) memory() int { return int(unsafe.Sizeof(*b)) + cap(b.B) }

type itemKind uint8

const (
	itemInfo     itemKind = iota // a 1xx field section
	itemHeader                   // the response's or request's field section
	itemData                     // body bytes
	itemTrailers                 // the trailer section
	itemPromise                  // PUSH_PROMISE
)

// item is something queued on a stream.
type item struct {
	kind    itemKind
	memory  int32    // bytes that it takes up, with what it owns
	sec     *Section // all but itemData
	data    []byte   // itemData: what has not been emitted; never empty
	buf     *Buffer  // the storage of data; nil if it is lent
	promise *Promise // itemPromise
	next    *item    // in the queue
}

func (it *item) lent() bool { return it.kind == itemData && it.buf == nil }

// BufferMemory is how much memory a large [Buffer] takes up in a queue.
const BufferMemory = BufferSize + int(unsafe.Sizeof(Buffer{})+unsafe.Sizeof(item{}))

// measure is how much memory the item takes up. Lent bytes do not count: they are
// their lender's.
func (it *item) measure() int {
	n := int(unsafe.Sizeof(*it))
	if it.buf != nil {
		n += it.buf.memory()
	}
	if it.sec != nil {
		n += it.sec.memory()
	}
	return n
}

// free gives back what the item owns.
func (it *item) free() {
	if it.sec != nil {
		it.sec.Free()
	}
	if it.buf != nil {
		it.buf.Free()
	}
	if it.promise != nil {
		it.promise.fail()
	}
}

// queue is a FIFO of items, linked through them.
type queue struct {
	head, last *item
	n          int32
	memory     int // that the items take up
}

func (q *queue) len() int { return int(q.n) }

func (q *queue) first() *item { return q.head }

// push puts it at the end of q.
func (s *Session) push(q *queue, it item) {
	p := s.lists().items.get()
	*p = it
	p.next = nil
	p.memory = int32(p.measure())
	if q.head == nil {
		q.head = p
	} else {
		q.last.next = p
	}
	q.last = p
	q.n++
	q.memory += int(p.memory)
}

// extend appends data to the last item of q, if that is an owned buffer with space
// for it. So small pieces that are flushed one by one share a buffer while they
// wait.
func (q *queue) extend(data []byte) bool {
	it := q.last
	if it == nil || it.buf == nil || cap(it.data)-len(it.data) < len(data) {
		return false
	}
	it.data = append(it.data, data...) // the part that is being written is before this
	return true
}

// pop takes the first item off q, which is not empty.
func (s *Session) pop(q *queue) item {
	p := q.head
	it := *p
	q.head = p.next
	if q.head == nil {
		q.last = nil
	}
	q.n--
	q.memory -= int(it.memory)
	s.lists().items.put(p)
	return it
}

// streamList is a FIFO of streams, linked through them. A stream is on one such
// list at most. Every operation takes constant time.
type streamList struct {
	first, last *Stream
	n           int
}

func (l *streamList) len() int { return l.n }

func (l *streamList) push(st *Stream) {
	st.listPrev, st.listNext = l.last, nil
	if l.last == nil {
		l.first = st
	} else {
		l.last.listNext = st
	}
	l.last = st
	l.n++
}

func (l *streamList) pop() *Stream {
	st := l.first
	if st != nil {
		l.remove(st)
	}
	return st
}

// remove takes st, which is on the list, off it.
func (l *streamList) remove(st *Stream) {
	if st.listPrev == nil {
		l.first = st.listNext
	} else {
		st.listPrev.listNext = st.listNext
	}
	if st.listNext == nil {
		l.last = st.listPrev
	} else {
		st.listNext.listPrev = st.listPrev
	}
	st.listPrev, st.listNext = nil, nil
	l.n--
}
