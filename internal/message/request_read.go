package message

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"

	"h2fork.example/net/hpack"
)

// A RequestReader makes requests of the field sections that a server receives on one connection. It is owned by the
// connection's reader.
type RequestReader struct {
	TLS             *tls.ConnectionState // what requests with scheme https show; nil on plaintext
	RemoteAddr      string
	ExtendedConnect bool // SETTINGS_ENABLE_CONNECT_PROTOCOL was sent (RFC 8441 §3)

	names canonicalCache
}

// RequestInfo is what the fields of a request say beside what its http.Request shows.
type RequestInfo struct {
	// DeclaredLength is the value of content-length, -1 if there is none. DATA frames have to add up to it
	// (RFC 9113 §8.1.1).
	DeclaredLength int64

	// NeedsContinue says that the client waits for a 100 response before it sends the body.
	NeedsContinue bool

	// Bad is the text of the 400 response that the request deserves (RFC 9113 §8.2.2), nil mostly.
	Bad error
}

// Read fills req, which is zero, from the field section that opened stream id. The request is complete but for its
// Body, which is nil if a body follows, and http.NoBody if none does. An error is a *wire.StreamError: the request is
// malformed, and req is unchanged. Of fields only the strings are kept.
func (r *RequestReader) Read(ctx context.Context, req *http.Request, id uint32, fields []hpack.HeaderField, endStream bool) (RequestInfo, error) {
	pseudo, regular, err := readPseudo(id, fields)
	if err != nil {
		return RequestInfo{}, err
	}
	u, values := newWithValues[url.URL](len(regular))
	got := requestFields{fieldMap: newFieldMap(len(regular), values)}
	if err := r.readRegular(id, &got, regular); err != nil {
		return RequestInfo{}, err
	}
	if err := pseudo.check(id, r.ExtendedConnect); err != nil {
		return RequestInfo{}, err
	}
	got.finish(regular, &pseudo)
	host, err := got.authority(id, &pseudo)
	if err != nil {
		return RequestInfo{}, err
	}
	uri, err := fillURL(id, u, &pseudo, host)
	if err != nil {
		return RequestInfo{}, err
	}
	declared, err := got.contentLength(id, endStream)
	if err != nil {
		return RequestInfo{}, err
	}

	setBlank(req, ctx)
	req.Method = pseudo.method
	req.URL = u
	req.Header = got.header
	req.ContentLength = declared
	req.Host = host
	req.Trailer = got.trailer
	req.RemoteAddr = r.RemoteAddr
	req.RequestURI = uri
	if pseudo.scheme == "https" {
		req.TLS = r.TLS
	}
	if endStream {
		req.ContentLength = 0
		req.Body = http.NoBody
	}
	return RequestInfo{
		DeclaredLength: declared,
		NeedsContinue:  got.expectsContinue && !endStream,
		Bad:            got.refusal(),
	}, nil
}

// blankRequest is what all requests have in common. They get their context by a copy of it, which stays on the stack.
var blankRequest = http.Request{Proto: "HTTP/2.0", ProtoMajor: 2}

// setBlank is not inlined: it would enlarge its caller's stack by two Requests.
//
//go:noinline
func setBlank(req *http.Request, ctx context.Context) { *req = *blankRequest.WithContext(ctx) }

// fillURL sets u, which is zero, and returns the RequestURI to go with it.
func fillURL(id uint32, u *url.URL, pseudo *pseudoFields, host string) (uri string, err error) {
	if pseudo.method == "CONNECT" && !pseudo.extendedConnect() {
		u.Host = host
		return host, nil // the authority-form of HTTP/1.1
	}
	if !parsePath(u, pseudo.path) {
		return "", malformed(id, "bad_path", "invalid :path %q", pseudo.path)
	}
	return pseudo.path, nil
}

// requestFields is what readRegular gathers of the regular fields.
type requestFields struct {
	fieldMap
	trailer http.Header

	host  string // the first Host field's
	hosts int

	cookie      string // the first crumb
	cookies     int
	cookieBytes int // all crumbs, joined

	length  string // the first content-length
	lengths int

	te  string // the first TE
	tes int

	connection      kind // the first of the connection-specific kinds that are there, 0 if none
	expectsContinue bool
}

func (r *RequestReader) readRegular(id uint32, got *requestFields, fields []hpack.HeaderField) error {
	for i := range fields {
		f := &fields[i]
		got.left = len(fields) - i
		known := byLower(f.Name)
		if known == nil {
			key, ok := r.names.key(f.Name)
			if !ok {
				return errFieldName(id, f.Name)
			}
			if !validValue(f.Value) {
				return errFieldValue(id, f.Name)
			}
			got.add(key, f.Value)
			continue
		}
		if !validValue(f.Value) {
			return errFieldValue(id, f.Name)
		}
		if known.kind == ordinary {
			got.add(known.canonical, f.Value)
		} else {
			got.addSpecial(known, f.Value)
		}
	}
	return nil
}

// addSpecial is add for the fields that mean something to HTTP/2 itself.
func (h *requestFields) addSpecial(known *knownName, value string) {
	switch k := known.kind; k {
	case kindHost:
		if h.hosts == 0 {
			h.host = value
		}
		h.hosts++
		return
	case kindTrailer:
		h.trailer = declareTrailers(h.trailer, value)
		return
	case kindCookie:
		if h.cookies == 0 {
			h.cookie = value
		} else {
			h.cookieBytes += len("; ")
		}
		h.cookies++
		h.cookieBytes += len(value)
		return
	case kindContentLength:
		if h.lengths == 0 {
			h.length = value
		}
		h.lengths++
	case kindTE:
		if h.tes == 0 {
			h.te = value
		}
		h.tes++
	case kindExpect:
		if httpguts.HeaderValuesContainsToken([]string{value}, "100-continue") {
			h.expectsContinue = true
		}
	default:
		if k.connectionSpecific() && (h.connection == 0 || k < h.connection) {
			h.connection = k
		}
	}
	h.add(known.canonical, value)
}

// finish puts into the header what depends on all fields together, or takes it out again.
func (h *requestFields) finish(regular []hpack.HeaderField, pseudo *pseudoFields) {
	if h.expectsContinue {
		delete(h.header, "Expect") // answered on the handler's behalf
	}
	switch h.cookies {
	case 0:
	case 1:
		h.add("Cookie", h.cookie)
	default:
		h.add("Cookie", joinCookies(regular, h.cookieBytes))
	}
	if pseudo.protocol != "" {
		h.header[":protocol"] = []string{pseudo.protocol}
	}
}

// joinCookies puts the crumbs together again (RFC 9113 §8.2.3).
func joinCookies(fields []hpack.HeaderField, size int) string {
	var b strings.Builder
	b.Grow(size)
	separator := ""
	for i := range fields {
		if fields[i].Name == "cookie" {
			b.WriteString(separator)
			b.WriteString(fields[i].Value)
			separator = "; "
		}
	}
	return b.String()
}

// authority returns the request's Host: :authority, or the Host field in its absence. The two must not
// differ, and neither may carry a userinfo subcomponent (RFC 9113 §8.3.1).
func (h *requestFields) authority(id uint32, pseudo *pseudoFields) (string, error) {
	host := pseudo.authority
	switch {
	case h.hosts > 1:
		return "", malformed(id, "multiple_host_headers", "%d Host fields", h.hosts)
	case h.hosts == 1 && host == "":
		host = h.host
	case h.hosts == 1 && host != h.host:
		return "", malformed(id, "authority_host_mismatch", ":authority %q, but Host %q", host, h.host)
	}
	if strings.IndexByte(host, '@') >= 0 && (pseudo.scheme == "http" || pseudo.scheme == "https") {
		return "", malformed(id, "userinfo_in_authority", "userinfo in :authority")
	}
	if !httpguts.ValidHostHeader(host) {
		return "", malformed(id, "invalid_authority", "invalid :authority %q", host)
	}
	return host, nil
}

// contentLength returns the declared length of the body, -1 if none is declared. DATA frames have to add up to it, so
// a value that is no number is an error, and so are several values, and END_STREAM on the field section with any other
// length than 0 (RFC 9113 §8.1.1, RFC 9110 §8.6).
func (h *requestFields) contentLength(id uint32, endStream bool) (int64, error) {
	if h.lengths == 0 {
		return -1, nil
	}
	if h.lengths > 1 {
		return 0, malformed(id, "bad_content_length", "%d content-length fields", h.lengths)
	}
	n, ok := parseLength(h.length)
	if !ok {
		return 0, malformed(id, "bad_content_length", "invalid content-length %q", h.length)
	}
	if endStream && n != 0 {
		return 0, malformed(id, "bad_content_length", "content-length %d, but END_STREAM", n)
	}
	return n, nil
}

var errTE = errors.New(`request header "TE" may only be "trailers" in HTTP/2`)

// errConnectionSpecific has the 400 responses' text for each of the connection-specific kinds.
var errConnectionSpecific = func() map[kind]error {
	errs := make(map[kind]error)
	for _, known := range knownNames {
		if known.kind.connectionSpecific() {
			errs[known.kind] = errors.New("request header \"" + known.canonical + "\" is not valid in HTTP/2")
		}
	}
	return errs
}()

// refusal is the reason to answer 400, nil if there is none (RFC 9113 §8.2.2).
func (h *requestFields) refusal() error {
	if h.connection != 0 {
		return errConnectionSpecific[h.connection]
	}
	if h.tes > 1 || h.te != "" && h.te != "trailers" {
		return errTE
	}
	return nil
}
