package message

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"h2fork.example/net/hpack"
)

// RequestOptions is what the fields of a request depend on besides the request.
type RequestOptions struct {
	Gzip            bool   // ask for a response in gzip, with a field of its own
	ContentLength   int64  // of the content: -1 if unknown, 0 if there is none
	HasBody         bool   // content follows
	ExtendedConnect bool   // the peer sent SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 §3)
	MaxListSize     uint64 // the peer's SETTINGS_MAX_HEADER_LIST_SIZE, 0 if it has none
	UserAgent       string // for requests without a User-Agent; nothing is sent if it is empty

	Trailer http.Header // what the request's Trailer was before its Body was read, which may change that
}

// ErrRequestListSize is returned for requests whose fields are more than the peer is willing to take.
var ErrRequestListSize = errors.New("http2: request header list larger than peer's advertised limit")

var (
	errNoURL           = errors.New("http2: Request.URL is nil")
	errScheme          = errors.New("http2: unsupported scheme")
	errHost            = errors.New("http2: invalid Host header")
	errProtocol        = errors.New("http2: invalid :protocol header in non-CONNECT request")
	errExtendedConnect = errors.New("net/http: extended connect not supported by peer")
)

// AppendRequest appends the field section that starts req: pseudo-header fields, the declaration of its trailers, the
// fields of its Header by key, and those that are automatic. A field that can't be sent is an error, and dst is
// returned as it was. Fields that HTTP/2 has no use for are left out.
func AppendRequest(dst []hpack.HeaderField, req *http.Request, o RequestOptions) ([]hpack.HeaderField, error) {
	if err := checkConnectionFields(req.Header); err != nil {
		return dst, err
	}
	out, err := appendPseudo(dst, req, o.ExtendedConnect)
	if err != nil {
		return dst, err
	}
	if out, err = appendDeclaration(out, o.Trailer); err != nil {
		return dst, err
	}
	out, hasAgent, err := appendRequestFields(out, req.Header, o.HasBody)
	if err != nil {
		return dst, err
	}
	out = appendAutomatic(out, req.Method, hasAgent, &o)
	if o.MaxListSize > 0 && ListSize(out[len(dst):]) > o.MaxListSize {
		return dst, ErrRequestListSize
	}
	return out, nil
}

func appendPseudo(dst []hpack.HeaderField, req *http.Request, extendedConnect bool) ([]hpack.HeaderField, error) {
	var p pseudoFields
	if err := p.fill(req, extendedConnect); err != nil {
		return nil, err
	}
	return p.append(dst), nil
}

// appendAutomatic appends the fields that a program need not set.
func appendAutomatic(dst []hpack.HeaderField, method string, hasAgent bool, o *RequestOptions) []hpack.HeaderField {
	if sendsLength(method, o.ContentLength) {
		dst = append(dst, hpack.HeaderField{Name: "content-length", Value: strconv.FormatInt(o.ContentLength, 10)})
	}
	if o.Gzip {
		dst = append(dst, hpack.HeaderField{Name: "accept-encoding", Value: "gzip"})
	}
	if !hasAgent && o.UserAgent != "" {
		dst = append(dst, hpack.HeaderField{Name: "user-agent", Value: o.UserAgent})
	}
	return dst
}

// checkConnectionFields refuses what a user must not expect HTTP/2 to do. Harmless values are merely not sent.
func checkConnectionFields(h http.Header) error {
	if v := h["Upgrade"]; first(v) != "" && first(v) != "chunked" {
		return errConnectionField("Upgrade", v)
	}
	if v := h["Transfer-Encoding"]; len(v) > 1 || first(v) != "" && first(v) != "chunked" {
		return errConnectionField("Transfer-Encoding", v)
	}
	if v := h["Connection"]; len(v) > 1 || !harmlessConnection(first(v)) {
		return errConnectionField("Connection", v)
	}
	return nil
}

func harmlessConnection(v string) bool {
	return v == "" || strings.EqualFold(v, "close") || strings.EqualFold(v, "keep-alive")
}

func errConnectionField(name string, values []string) error {
	return fmt.Errorf("http2: invalid %s request header: %q", name, values)
}

// fill sets the control data of req (RFC 9113 §8.3.1, §8.5, RFC 8441 §4).
func (p *pseudoFields) fill(req *http.Request, extendedConnect bool) (err error) {
	if req.URL == nil {
		return errNoURL
	}
	p.method = req.Method
	if p.method == "" {
		p.method = http.MethodGet
	}
	if p.authority, err = requestAuthority(req); err != nil {
		return err
	}
	p.protocol = first(req.Header[":protocol"])
	isConnect := p.method == http.MethodConnect
	switch {
	case !validToken(p.method):
		return fmt.Errorf("http2: invalid method %q", p.method)
	case p.protocol != "" && !isConnect:
		return errProtocol
	case p.protocol != "" && !extendedConnect:
		return errExtendedConnect
	case !validValue(p.protocol) || trimOWS(p.protocol) != p.protocol:
		return errRequestField("header", ":protocol")
	case isConnect && p.protocol == "":
		if p.authority == "" {
			return errHost
		}
		return nil
	}
	if p.scheme = req.URL.Scheme; !validScheme(p.scheme) {
		return errScheme
	}
	p.path, err = requestPath(req.URL, p.authority)
	return err
}

// requestAuthority returns what identifies the server, in ASCII. ValidHostHeader takes no "@", hence no userinfo.
func requestAuthority(req *http.Request) (string, error) {
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	host, err := httpguts.PunycodeHostPort(host)
	if err != nil {
		return "", fmt.Errorf("http2: %w", err)
	}
	if !httpguts.ValidHostHeader(host) {
		return "", errHost
	}
	return host, nil
}

// schemeOctets are those of RFC 3986 §3.1.
var schemeOctets = newOctetSet(digits + lowerAlpha + upperAlpha + "+-.")

func validScheme(s string) bool { return s != "" && schemeOctets.containsAll(s) }

// requestPath returns the path and query of u. A URL with an Opaque part may turn out in absolute-form, of which scheme
// and authority have pseudo-header fields of their own.
func requestPath(u *url.URL, authority string) (string, error) {
	uri := u.RequestURI()
	path := uri
	if !absoluteOrAsterisk(path) {
		path = strings.TrimPrefix(path, u.Scheme+"://"+authority)
	}
	// RFC 9113 §8.2.1: neither control characters nor white space at the end.
	if absoluteOrAsterisk(path) && validValue(path) && trimOWS(path) == path {
		return path, nil
	}
	return "", errPath(uri, u.Opaque)
}

func errPath(uri, opaque string) error {
	if opaque != "" {
		return fmt.Errorf("http2: invalid request :path %q from URL.Opaque = %q", uri, opaque)
	}
	return fmt.Errorf("http2: invalid request :path %q", uri)
}

// absoluteOrAsterisk reports whether path has one of the two forms that RFC 9113 §8.3.1 allows.
func absoluteOrAsterisk(path string) bool {
	return path == "*" || path != "" && path[0] == '/'
}

// appendRequestFields appends what is to be sent of h, and says whether h has a User-Agent, if only to suppress it.
func appendRequestFields(dst []hpack.HeaderField, h http.Header, hasBody bool) (_ []hpack.HeaderField, hasAgent bool, err error) {
	sorted, list := sortedEntries(nil, h) // mostly there are more than stackEntries
	defer list.free()
	for _, e := range sorted {
		if e.key == ":protocol" {
			continue
		}
		name, known, err := requestField("header", e)
		if err != nil {
			return nil, false, err
		}
		if name == "user-agent" {
			hasAgent = true
			if first(e.values) != "" {
				dst = appendValues(dst, name, e.values[:1])
			}
			continue
		}
		if known == nil || known.kind == ordinary {
			dst = appendValues(dst, name, e.values)
			continue
		}
		dst = appendSpecial(dst, known, e.values, hasBody)
	}
	return dst, hasAgent, nil
}

// requestField returns how a field is spelled on the wire, or why it can't be sent. What is "header" or "trailer".
func requestField(what string, e entry) (name string, known *knownName, err error) {
	name, known, ok := lowerName(e.key)
	if !ok {
		return "", nil, fmt.Errorf("http2: invalid HTTP %s name %q", what, e.key)
	}
	for _, v := range e.values {
		if !validValue(v) {
			return "", nil, errRequestField(what, e.key)
		}
	}
	return name, known, nil
}

// errRequestField keeps the value to itself: it may be a secret.
func errRequestField(what, key string) error {
	return fmt.Errorf("http2: invalid HTTP %s value for header %q", what, key)
}

// appendSpecial appends what is to be sent of a field that means something to HTTP/2 itself.
func appendSpecial(dst []hpack.HeaderField, known *knownName, values []string, hasBody bool) []hpack.HeaderField {
	switch k := known.kind; {
	case k.connectionSpecific():
		return dst // RFC 9113 §8.2.2
	case k == kindHost, k == kindContentLength:
		return dst // sent as :authority and by what the body really has
	case k == kindTE:
		// RFC 9113 §8.2.2: it must not contain any value other than "trailers".
		if httpguts.HeaderValuesContainsToken(values, "trailers") {
			dst = append(dst, hpack.HeaderField{Name: known.lower, Value: "trailers"})
		}
		return dst
	case k == kindCookie:
		for _, v := range values {
			dst = appendCrumbs(dst, v)
		}
		return dst
	case k == kindExpect && !hasBody && httpguts.HeaderValuesContainsToken(values, "100-continue"):
		return dst // RFC 9110 §10.1.1: not in a request without content
	}
	return appendValues(dst, known.lower, values)
}

// appendCrumbs appends a field for each cookie-pair, so that those that stay are compressed well however the
// others change (RFC 9113 §8.2.3).
func appendCrumbs(dst []hpack.HeaderField, cookie string) []hpack.HeaderField {
	for more := cookie != ""; more; {
		var crumb string
		crumb, cookie, more = strings.Cut(cookie, ";")
		cookie = strings.TrimLeft(cookie, " ")
		more = more && cookie != ""
		dst = append(dst, hpack.HeaderField{Name: "cookie", Value: trimOWS(crumb)})
	}
	return dst
}

// sendsLength reports whether a request with content of n octets says so. One without content does if its method
// leads servers to expect some (RFC 9110 §8.6).
func sendsLength(method string, n int64) bool {
	if n == 0 {
		return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
	}
	return n > 0
}
