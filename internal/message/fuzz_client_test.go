package message

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"h2fork.example/net/hpack"
)

func FuzzClientResponseFields(f *testing.F) {
	for _, pairs := range sameResponseAsReference {
		f.Add(joinFields(fieldsOf(pairs...)), true, false)
		f.Add(joinFields(fieldsOf(pairs...)), false, true)
	}
	f.Fuzz(func(t *testing.T, section string, endStream, isHead bool) {
		fields := splitFields(section)
		req := newRequest(nil)
		if isHead {
			req.Method = "HEAD"
		}
		var r ResponseReader
		if code, regular, err := ReadStatus(1, fields); err == nil {
			res, readErr := r.Read(1, code, regular, endStream, req)
			if readErr == nil {
				checkResponse(t, res, fields)
			}
			if _, err := r.Informational(1, code, regular); (err == nil) != (readErr == nil && code != 101) {
				t.Errorf("Read: %v, Informational: %v", readErr, err)
			}
		}
		if h, err := r.ReadTrailers(1, fields); err == nil {
			for _, field := range fields {
				checkField(t, field)
			}
			checkReceivedHeader(t, h)
		}
		if r.names.size > maxCanonicalCache {
			t.Errorf("%d bytes of names are cached", r.names.size)
		}
	})
}

// checkResponse checks what must be true of every response that was not called malformed.
func checkResponse(t *testing.T, h *http.Response, fields []hpack.HeaderField) {
	for i, f := range fields {
		if i > 0 || f.Name != ":status" {
			checkField(t, f)
		}
	}
	if !strings.HasPrefix(h.Status, fields[0].Value+" ") || h.StatusCode < 100 || h.StatusCode > 999 {
		t.Errorf("Status %q, StatusCode %d", h.Status, h.StatusCode)
	}
	if h.ContentLength < -1 {
		t.Errorf("ContentLength %d", h.ContentLength)
	}
	if lengths := h.Header["Content-Length"]; len(lengths) > 1 || len(lengths) == 1 && h.ContentLength < 0 {
		t.Errorf("Content-Length %q, ContentLength %d", lengths, h.ContentLength)
	}
	if _, ok := h.Header["Trailer"]; ok || len(h.Trailer) > maxTrailerKeys {
		t.Errorf("Trailer in the header: %v, %d declared", ok, len(h.Trailer))
	}
	checkReceivedHeader(t, h.Header)
	for key, values := range h.Trailer {
		if values != nil {
			t.Errorf("%s is declared as %q", key, values)
		}
	}
}

func checkReceivedHeader(t *testing.T, h http.Header) {
	for key, values := range h {
		if !validToken(key) || key != http.CanonicalHeaderKey(key) || ConnectionSpecific(key) || len(values) == 0 {
			t.Errorf("%s is %q", key, values)
		}
	}
}

func FuzzClientRequest(f *testing.F) {
	for _, change := range sameAsReferenceClient {
		req := newRequest(change)
		var fields []hpack.HeaderField
		for key, values := range req.Header {
			for _, v := range values {
				fields = append(fields, hpack.HeaderField{Name: key, Value: v})
			}
		}
		trailers := strings.Join(slices.Sorted(maps.Keys(req.Trailer)), nameEnd)
		u := req.URL
		f.Add(req.Method, req.Host, u.Scheme, u.Host, u.Path, u.RawQuery, u.Opaque, joinFields(fields), trailers, int64(0))
	}
	f.Fuzz(func(t *testing.T, method, host, scheme, urlHost, path, query, opaque, section, trailers string, n int64) {
		req := &http.Request{
			Method: method,
			Host:   host,
			URL:    &url.URL{Scheme: scheme, Host: urlHost, Path: path, RawQuery: query, Opaque: opaque},
			Header: http.Header{},
		}
		for _, f := range splitFields(section) {
			req.Header[f.Name] = append(req.Header[f.Name], f.Value)
		}
		for key := range strings.SplitSeq(trailers, nameEnd) {
			if trailers != "" {
				if req.Trailer == nil {
					req.Trailer = http.Header{}
				}
				req.Trailer[key] = []string{"x"}
			}
		}
		o := RequestOptions{ContentLength: n, HasBody: n != 0, ExtendedConnect: true, MaxListSize: 4096, UserAgent: "a", Trailer: req.Trailer}
		if fields, err := AppendRequest(nil, req, o); err == nil {
			checkSentRequest(t, req, fields, o)
		}
		for _, f := range AppendRequestTrailers(nil, req.Trailer) {
			checkSentField(t, f)
		}
	})
}

// checkSentRequest checks what must be true of all that AppendRequest returns. A server's side of this package is the
// judge of most of it.
func checkSentRequest(t *testing.T, req *http.Request, fields []hpack.HeaderField, o RequestOptions) {
	if ListSize(fields) > o.MaxListSize {
		t.Errorf("%d octets are sent", ListSize(fields))
	}
	pseudo, regular, err := readPseudo(1, fields)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{pseudo.method, pseudo.scheme, pseudo.authority, pseudo.path, pseudo.protocol} {
		if v != trimOWS(v) {
			t.Errorf("white space around %q", v)
		}
	}
	for _, f := range regular {
		checkSentField(t, f)
		if f.Name == "te" && f.Value != "trailers" || f.Name == "host" {
			t.Errorf("%v is sent", f)
		}
	}
	if pseudo.scheme != "http" && pseudo.scheme != "https" {
		return // beyond what the server's side is for
	}
	if err := pseudo.check(1, true); err != nil {
		t.Errorf("%v: %v", pseudo, err)
	}
	if req.Host != "" && pseudo.authority == "" {
		t.Errorf("Host %q is not sent", req.Host)
	}
}

func checkSentField(t *testing.T, f hpack.HeaderField) {
	checkField(t, f)
	if ConnectionSpecific(f.Name) || f.Value != trimOWS(f.Value) {
		t.Errorf("%v is sent", f)
	}
}
