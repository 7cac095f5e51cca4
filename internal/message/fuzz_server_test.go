package message

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"

	"h2fork.example/net/hpack"
)

func FuzzPath(f *testing.F) {
	for _, path := range []string{"/", "*", "", "/a/b.c?d=e&f", "/?", "/??", "//a//", "/%41%2f", "/%", "/a b", "/é", "/?\x7f", "/?é",
		"/!'()*|\"<>#[]{}^`\\", "/$&+,:;=@", "http://h/", "a:b", "/\t", "*?"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		comparePath(t, path)
	})
}

// Fields of a fuzzed section end with fieldEnd; nameEnd is between a name and its value.
const (
	fieldEnd = "\x1f"
	nameEnd  = "\x1e"
)

func joinFields(fields []hpack.HeaderField) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f.Name + nameEnd + f.Value + fieldEnd)
	}
	return b.String()
}

func splitFields(section string) (fields []hpack.HeaderField) {
	for line := range strings.SplitSeq(section, fieldEnd) {
		name, value, _ := strings.Cut(line, nameEnd)
		fields = append(fields, hpack.HeaderField{Name: name, Value: value})
	}
	return fields[:len(fields)-1]
}

func FuzzRequestFields(f *testing.F) {
	for _, fields := range sameAsReference {
		f.Add(joinFields(fields), true, false)
		f.Add(joinFields(fields), false, true)
	}
	f.Fuzz(func(t *testing.T, section string, endStream, extendedConnect bool) {
		fields := splitFields(section)
		r := RequestReader{ExtendedConnect: extendedConnect}
		req, err := readRequest(context.Background(), &r, 1, fields, endStream)
		if r.names.size > maxCanonicalCache {
			t.Errorf("%d bytes of names are cached", r.names.size)
		}
		if err == nil {
			checkAccepted(t, req, fields, endStream)
		}
		if _, err := r.ReadTrailers(1, fields, http.Header{"Foo": nil}); err == nil {
			for _, field := range fields {
				checkField(t, field)
			}
		}
	})
}

// checkAccepted checks what must be true of every request that was not called malformed.
func checkAccepted(t *testing.T, req requestRead, fields []hpack.HeaderField, endStream bool) {
	pseudo := map[string]string{}
	for _, f := range fields {
		if !isPseudo(f.Name) {
			checkField(t, f)
			continue
		}
		if _, ok := pseudo[f.Name]; ok {
			t.Errorf("%s is repeated", f.Name)
		}
		pseudo[f.Name] = f.Value
	}
	h := req.HTTP
	if !validToken(h.Method) || h.Method != pseudo[":method"] {
		t.Errorf("Method is %q", h.Method)
	}
	plainConnect := h.Method == "CONNECT" && pseudo[":protocol"] == ""
	if !plainConnect && h.RequestURI != "*" && !strings.HasPrefix(h.RequestURI, "/") || h.URL == nil {
		t.Errorf("RequestURI is %q, URL %v", h.RequestURI, h.URL)
	}
	if !httpguts.ValidHostHeader(h.Host) || strings.Contains(h.Host, "@") {
		t.Errorf("Host is %q", h.Host)
	}
	checkLengths(t, req, endStream)
	for key, values := range h.Header {
		if key != ":protocol" && (key != http.CanonicalHeaderKey(key) || !validToken(key)) {
			t.Errorf("header key %q", key)
		}
		if req.Bad == nil && slices.Contains([]string{"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade"}, key) {
			t.Errorf("%s is not refused", key)
		}
		if len(values) == 0 || len(values) > 1 && key == "Cookie" || key == "Host" || key == "Trailer" {
			t.Errorf("%s is %q", key, values)
		}
	}
	for key, values := range h.Trailer {
		if forbiddenTrailer(key) || values != nil || len(h.Trailer) > maxTrailerKeys {
			t.Errorf("trailer %s of %d is %q", key, len(h.Trailer), values)
		}
	}
}

func checkField(t *testing.T, f hpack.HeaderField) {
	if !httpguts.ValidHeaderFieldName(f.Name) || strings.ToLower(f.Name) != f.Name || !httpguts.ValidHeaderFieldValue(f.Value) {
		t.Errorf("field %q: %q", f.Name, f.Value)
	}
}

func checkLengths(t *testing.T, req requestRead, endStream bool) {
	if req.DeclaredLength < -1 || endStream && req.DeclaredLength > 0 {
		t.Errorf("declared length %d, END_STREAM %v", req.DeclaredLength, endStream)
	}
	if endStream != (req.HTTP.Body == http.NoBody) || endStream && req.HTTP.ContentLength != 0 {
		t.Errorf("END_STREAM %v, Body %v, ContentLength %d", endStream, req.HTTP.Body, req.HTTP.ContentLength)
	}
	if !endStream && req.HTTP.ContentLength != req.DeclaredLength {
		t.Errorf("ContentLength %d, declared %d", req.HTTP.ContentLength, req.DeclaredLength)
	}
}

func FuzzResponseFields(f *testing.F) {
	for _, h := range sameResponse {
		var fields []hpack.HeaderField
		for key, values := range h {
			for _, v := range values {
				fields = append(fields, hpack.HeaderField{Name: key, Value: v})
			}
		}
		f.Add(joinFields(fields))
	}
	f.Add(joinFields(fieldsOf("Trailer", "A, b", "Trailer:C", "1", "A", " 2 ")))
	f.Fuzz(func(t *testing.T, section string) {
		h := http.Header{}
		for _, f := range splitFields(section) {
			h[f.Name] = append(h[f.Name], f.Value)
		}
		var info ResponseInfo
		out := AppendResponse(nil, 200, h, &info)
		if out[0] != (hpack.HeaderField{Name: ":status", Value: "200"}) {
			t.Errorf("starts with %v", out[0])
		}
		trailers := AppendTrailers(nil, h, info.Trailers())
		for _, field := range append(out[1:], trailers...) {
			checkField(t, field)
			if known := byLower(field.Name); known != nil && known.kind.connectionSpecific() || field.Value != trimOWS(field.Value) {
				t.Errorf("%v is sent", field)
			}
		}
		for _, field := range trailers {
			if forbiddenTrailer(http.CanonicalHeaderKey(field.Name)) {
				t.Errorf("%v is sent as a trailer", field)
			}
		}
	})
}
