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

// received returns the body of a request that came to a server of ours, if that is
// what body is, as itself or with the wrappers that net/http's Transport and
// ReverseProxy put around it; or nil.
func received(body io.Reader) *requestBody {
	for range maxWrappers + 1 {
		if b, ok := body.(*requestBody); ok {
			return b
		}
		v := reflect.ValueOf(body)
		if v.Kind() != reflect.Pointer || v.IsNil() {
			return nil
		}
		switch t := v.Type().Elem(); {
		case isReadTracking(t):
			body = v.Elem().Field(0).Interface().(io.Reader)
		case isNoopCloser(t):
			// The field is not exported, so the type that is in it is all that can be seen.
			if inner := v.Elem().Field(0).Elem(); inner.IsValid() && inner.Type() == reflect.TypeFor[*requestBody]() {
				return (*requestBody)(inner.UnsafePointer())
			}
			return nil
		default:
			return nil
		}
	}
	return nil
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
	if u.received == nil || u.n > 0 || u.err != nil || u.reading {
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
	if u.err != io.EOF || u.n != n {
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
