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

var sections = sync.Pool{New: func() any { return new(Section) }}

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

// BufferSize is the capacity of a [Buffer], and how much a handler may write before
// its response is sent: 4,096 bytes as in upstream.
const BufferSize = 4096

// Buffer is body bytes to be sent. The function that it is passed to owns it from
// then on.
type Buffer struct {
	B     []byte // len ≤ cap == BufferSize
	array [BufferSize]byte
}

var buffers = sync.Pool{New: func() any { return new(Buffer) }}

// NewBuffer returns an empty buffer.
func NewBuffer() *Buffer {
	b := buffers.Get().(*Buffer)
	b.B = b.array[:0]
	return b
}

// Free gives the buffer back.
func (b *Buffer) Free() {
	b.B = nil
	buffers.Put(b)
}

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

// BufferMemory is how much memory a queued [Buffer] takes up, however little is in
// it.
const BufferMemory = int(unsafe.Sizeof(Buffer{}) + unsafe.Sizeof(item{}))

// measure is how much memory the item takes up. Lent bytes do not count: they are
// their lender's.
func (it *item) measure() int {
	n := int(unsafe.Sizeof(*it))
	if it.buf != nil {
		n += int(unsafe.Sizeof(*it.buf))
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
