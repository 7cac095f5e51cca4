package http2

import (
	"bytes"
	"errors"
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

// A receivedBody is a body that came to a server of ours.
type receivedBody struct {
	*requestBody

	// wrapper is what ReverseProxy has put around it, or nil. Once that is closed, its
	// Reads fail, and requestBody does not know.
	wrapper io.Reader
}

// received returns the request's body that body is, as itself or with the wrappers
// that net/http's Transport and ReverseProxy put around it. requestBody is nil if it is
// something else.
func received(body io.Reader) receivedBody {
	for range maxWrappers + 1 {
		if b, ok := body.(*requestBody); ok {
			return receivedBody{requestBody: b}
		}
		v := reflect.ValueOf(body)
		if v.Kind() != reflect.Pointer || v.IsNil() {
			break
		}
		t := v.Type().Elem()
		if isNoopCloser(t) {
			// The field is not exported, so the type that is in it is all that can be seen.
			if inner := v.Elem().Field(0).Elem(); inner.IsValid() && inner.Type() == reflect.TypeFor[*requestBody]() {
				return receivedBody{(*requestBody)(inner.UnsafePointer()), body}
			}
			break
		}
		if !isReadTracking(t) {
			break
		}
		body = v.Elem().Field(0).Interface().(io.Reader)
	}
	return receivedBody{}
}

// peek returns a copy of the content if it is at most that long, all of it has come,
// and Reads would do nothing but return it; or nil. The caller is the reader of the
// body.
func (b receivedBody) peek(most int) *session.Buffer {
	if b.requestBody == nil {
		return nil
	}
	content := b.requestBody.peek(most)
	if content != nil && b.wrapper != nil {
		if _, err := b.wrapper.Read(nil); err != nil { // reads nothing
			content.Free()
			return nil
		}
	}
	return content
}

// isReadTracking reports whether t is what an http.Transport puts around a
// request's body, to see whether it has been read. It is not exported.
func isReadTracking(t reflect.Type) bool {
	return t.PkgPath() == "net/http" && t.Name() == "readTrackingBody" && beginsWith(t, "ReadCloser")
}

// isNoopCloser reports whether t is what a ReverseProxy puts around a request's body
// so that its Close does nothing; Go 1.27's does not. It is not exported.
func isNoopCloser(t reflect.Type) bool {
	return t.PkgPath() == "net/http/httputil" && t.Name() == "noopCloseReader" && beginsWith(t, "readCloser")
}

// beginsWith reports whether t is a struct whose first field is an interface with that
// name.
func beginsWith(t reflect.Type, name string) bool {
	return t.Kind() == reflect.Struct && t.NumField() > 0 && t.Field(0).Name == name && t.Field(0).Type.Kind() == reflect.Interface
}

// peek returns a copy of a body that is ready and came to a server of ours, or nil.
// It is not read before a connection has taken the request.
func (u *upload) peek() *session.Buffer {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.n > 0 || u.err != nil || u.reading {
		return nil
	}
	content := u.received.peek(firstKept - 1)
	if content != nil && u.known && int64(len(content.B)) != u.unread {
		content.Free()
		return nil
	}
	return content
}

var errBodyChanged = errors.New("http2: request body read by others while it was sent")

// readPeeked reads a body of n bytes that was peeked at. It is kept as if it had been
// read piece by piece.
func (u *upload) readPeeked(s *sender, n int) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	for u.err == nil {
		u.growLocked(0)
		u.readLocked(s)
	}
	u.owner = nil // s has what it sends
	switch {
	case u.err != io.EOF:
		return u.err
	case u.n != n:
		return errBodyChanged
	}
	return nil
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
