package http2

import (
	"bytes"
	"io"
	"reflect"
	"strings"

	"h2fork.example/net/internal/session"
)

var (
	nopCloser         = reflect.TypeOf(io.NopCloser(struct{ io.Reader }{}))
	nopCloserWriterTo = reflect.TypeOf(io.NopCloser(new(bytes.Reader)))
)

// maxWrappers is how many readers around another inMemory looks into: net/http has
// one around that of http.NewRequest.
const maxWrappers = 2

// inMemory reports whether body is a reader of the standard library's that never
// blocks and runs none of the program's code, with or without the wrappers that
// http.NewRequest and http.Transport put around it.
func inMemory(body io.Reader) bool {
	for range maxWrappers + 1 {
		switch body.(type) {
		case *bytes.Reader, *bytes.Buffer, *strings.Reader:
			return true
		}
		v := reflect.ValueOf(body)
		switch t := v.Type(); {
		case t == nopCloser || t == nopCloserWriterTo:
			body = v.Field(0).Interface().(io.Reader)
		case t.Kind() == reflect.Pointer && isReadTracking(t.Elem()) && !v.IsNil():
			body = v.Elem().Field(0).Interface().(io.Reader)
		default:
			return false
		}
	}
	return false
}

// isReadTracking reports whether t is what an http.Transport puts around a
// request's body, to see whether it has been read. It is not exported.
func isReadTracking(t reflect.Type) bool {
	return t.PkgPath() == "net/http" && t.Name() == "readTrackingBody" && t.Field(0).Name == "ReadCloser"
}

// readAll returns all of a body that is ready, for the attempt s, or nil if it is not
// as long as it should be. It is kept as if it had been read piece by piece. After
// nil, next returns what there is and what is wrong.
func (u *upload) readAll(s *sender) *session.Buffer {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.n == 0 && u.err == nil {
		u.growLocked(0)
		u.readLocked(s)
		u.owner = nil // s needs it no more: the result is a copy
	}
	if u.err != io.EOF {
		return nil
	}
	return session.NewBuffer(u.n).Append(u.bufLocked()[:u.n])
}
