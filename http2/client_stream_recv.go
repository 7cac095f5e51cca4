package http2

import (
	"maps"
	"net/http"
	"net/textproto"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/wire"
)

// Section implements conn.Client: a response, informational or final, or its
// trailers.
func (e *clientEndpoint) Section(cst *conn.Stream, f conn.Fields) error {
	cs := cst.Outer.(*clientStream)
	if f.TooLarge {
		return wire.StreamErrorf(f.StreamID, wire.ProtocolError, "header_list_too_large", "http2: response header list larger than advertised limit")
	}
	cs.traceFirstByte()
	if cs.gotHeader {
		return cs.trailers(f)
	}
	code, regular, err := message.ReadStatus(f.StreamID, f.List)
	switch {
	case err != nil:
		return err
	case code < 200:
		return cs.informational(f, code, regular)
	}
	return cs.response(f, code, regular)
}

// maxInformationalSeen bounds, in number, the 1xx responses to a request that has a
// Got1xxResponse hook. A server that sends them without end, and never a final
// response, would have the hook called for ever.
const maxInformationalSeen = 10000

// maxInformational bounds, in bytes of fields, the 1xx responses to a request
// without such a hook: a server that sends them without end would have us wait for
// ever.
func (cc *ClientConn) maxInformational() int { return int(cc.conf.session.MaxHeaderListSize) }

// informational is a 1xx response.
func (cs *clientStream) informational(f conn.Fields, code int, regular []hpack.HeaderField) error {
	if f.EndStream {
		return wire.StreamErrorf(f.StreamID, wire.ProtocolError, "1xx_ended", "1xx informational response with END_STREAM flag")
	}
	h, err := cs.cc.reader.Informational(f.StreamID, code, regular)
	if err != nil {
		return err
	}
	if cs.trace != nil && cs.trace.Got1xxResponse != nil {
		if cs.informationals++; cs.informationals > maxInformationalSeen {
			return wire.StreamErrorf(f.StreamID, wire.EnhanceYourCalm, "1xx_too_many", "more than %d informational responses", maxInformationalSeen)
		}
		cs.cc.c.CatchUp()
		if err := cs.trace.Got1xxResponse(code, textproto.MIMEHeader(h)); err != nil {
			cs.abort(err)
			return nil
		}
	} else {
		for _, hf := range f.List {
			cs.informationalSize += int(hf.Size())
		}
		if cs.informationalSize > cs.cc.maxInformational() {
			return wire.StreamErrorf(f.StreamID, wire.ProtocolError, "1xx_too_large", "header list too large")
		}
	}
	if code == http.StatusContinue {
		if cs.trace != nil && cs.trace.Got100Continue != nil {
			cs.cc.c.CatchUp()
			cs.trace.Got100Continue()
		}
		cs.goAhead()
	}
	return nil
}

// response is the final response.
func (cs *clientStream) response(f conn.Fields, code int, regular []hpack.HeaderField) error {
	res, err := cs.cc.reader.Read(f.StreamID, code, regular, f.EndStream, cs.req)
	if err != nil {
		return err
	}
	cs.gotHeader = true
	cs.tunnel = cs.connect && res.StatusCode/100 == 2
	res.TLS = cs.cc.tls
	cs.makeBody(res, f.EndStream)

	cs.Lock()
	defer cs.Unlock()
	if cs.err != nil { // the stream has closed meanwhile, and RoundTrip may have seen why
		return nil
	}
	limit := int64(-1) // responseBody checks content-length itself
	if cs.isHEAD {
		limit = 0 // RFC 9110 §9.3.2
	}
	cs.ReceivedHeaderLocked(limit)
	cs.res = res
	if res.StatusCode >= 300 {
		// The server has answered, so it does not want the rest of the request. After a
		// 2xx it may (golang/go#13444).
		cs.stopLocked()
	}
	if f.EndStream {
		err = cs.ReceivedEndLocked(nil)
	}
	if cs.claimAnswerLocked() {
		cs.WakeWaitersLocked() // for awaitWithin
		cs.cc.answers = append(cs.cc.answers, cs)
	}
	return err
}

// trailers are the response's.
func (cs *clientStream) trailers(f conn.Fields) error {
	if cs.tunnel {
		return fieldsInTunnel(f.StreamID)
	}
	if !f.EndStream {
		return wire.StreamErrorf(f.StreamID, wire.ProtocolError, "trailers_not_ended", "trailers without END_STREAM")
	}
	trailers, err := cs.cc.reader.ReadTrailers(f.StreamID, f.List)
	if err != nil {
		return err
	}
	return cs.ReceivedEnd(func() {
		if cs.res.Trailer == nil {
			cs.res.Trailer = make(http.Header, len(trailers))
		}
		maps.Copy(cs.res.Trailer, trailers)
	})
}
