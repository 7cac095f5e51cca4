package http2

// framing is the framing contract: what a response looks like on the wire, as a
// function of what its handler does, and in which order. It does no I/O, has no
// lock, and knows nothing of the writer: when the writer runs changes nothing here.
//
//		  the first of WriteHeader,           bytes to be sent, or Flush of
//		,------, Write, Flush, return ,--------, what is announced or open  ,----------,
//		| open | -------------------> | sealed | -------------------------> | released |
//		'------'                      '--------'                            '----------'
//		                                |    |                                 ^    |
//		          Flush: Trailers-Only  |    |      a body byte, a deadline,   |    |
//		                                v    |      or a Read that waits for   |    |
//		                           ,------,  |      the request                |    |
//		                           | held | -|---------------------------------'    |
//		                           '------'  |                                      |
//		                                |    | Flush: bodiless                      |
//		           return or panic      v    v                   return or panic    v
//		                              ,----------, <--------------------------------'
//		                              | finished | <-- return or panic, from anywhere
//		                              '----------'
//
//	  - sealed: the fields have been snapshotted.
//	  - held: flushed, but nothing of it is on the wire. If the handler returns without
//	    more, the response is what it would have been without the Flush.
//	  - released: the field section has been handed to the connection's writer.
//	  - finished: the response has its end: END_STREAM, or RST_STREAM after a panic.
//
// A field section that is released before anything follows it is committed:
// END_STREAM never goes on it, whether it has been sent by then or not.
type framing struct {
	phase   phase
	class   flushClass // from sealed on
	grpc    bool       // from sealed on: the last frame may be no bare DATA, see repeatGRPC
	content bool       // body bytes have been written
}

// phase is how far a response has come.
type phase uint8

const (
	phaseOpen phase = iota
	phaseSealed
	phaseHeld
	phaseReleased
	phaseFinished
)

// flushClass is what a Flush before the first body byte means.
type flushClass uint8

const (
	flushBodiless     flushClass = iota // the field section ends the response
	flushAnnounced                      // the client waits for it, and more is sure to come
	flushTrailersOnly                   // of no use to the client before END_STREAM
	flushOpen                           // anything else
)

// sealedFields is what the contract needs to know of a request and of the fields of
// its response.
type sealedFields struct {
	hasBody         bool // method and status allow content
	connect         bool // the method is CONNECT
	tunnel          bool // CONNECT, and the status is 2xx
	declared        bool // trailers are declared
	contentLength   int64
	grpcContentType bool // application/grpc, and what is derived from it
	grpcStatus      bool
}

// class is the first class that fits.
func (s sealedFields) class() flushClass {
	switch {
	case !s.hasBody:
		return flushBodiless
	case s.connect, s.declared, s.contentLength > 0, s.grpcContentType && !s.grpcStatus:
		return flushAnnounced
	case s.grpcStatus:
		return flushTrailersOnly
	}
	return flushOpen
}

// seal is the first call that needs the fields: open → sealed. Without mayHold,
// Trailers-Only is flushed like anything else.
func (f *framing) seal(s sealedFields, mayHold bool) {
	if f.phase != phaseOpen {
		return
	}
	f.phase, f.class = phaseSealed, s.class()
	if f.class == flushTrailersOnly && !mayHold {
		f.class = flushOpen
	}
	f.grpc = s.grpcStatus && s.hasBody && !s.tunnel
}

// writing is what becomes of the bytes of a Write.
type writing uint8

const (
	writeBuffer  writing = iota // they wait in the buffer
	writeSend                   // they do not fit or may not wait: eventBody
	writeDiscard                // the response has been ended by its field section
)

// write decides what becomes of a Write; fits says whether its bytes fit the
// buffer.
func (f *framing) write(fits bool) writing {
	f.content = true
	switch {
	case f.phase == phaseFinished:
		return writeDiscard
	case f.phase == phaseHeld || !fits:
		return writeSend
	}
	return writeBuffer
}

// event is what happens to a response whose fields are sealed.
type event uint8

const (
	eventFlush    event = iota // a Flush while no body bytes are buffered
	eventBody                  // body bytes have to be sent: flushed, too many for the buffer, or after a hold
	eventWait                  // its handler waits for the client, in a Read of the request
	eventExpire                // its write deadline passes
	eventReturn                // return of the handler, without trailers
	eventTrailers              // return of the handler, with trailers
	eventPanic                 // panic, or another end of the handler's goroutine
)

// action is what is to be done about an event, in this order.
type action uint8

const (
	holdHeader action = 1 << iota // keep the field section back
	tellSize                      // all of the content is known, add its length
	sendHeader                    // hand the field section to the writer
	commit                        // END_STREAM does not go on the field section
	keepGRPC                      // its grpc-* fields may have to be repeated
	sendBody                      // hand over what is buffered
	repeatGRPC                    // the grpc-* fields are the trailers: gRPC clients take no DATA after grpc-status, not even an empty one
	sendEnd                       // END_STREAM goes on the last frame that has not been sent
)

// next moves the response on and returns what is to be done about e.
func (f *framing) next(e event) action {
	switch f.phase {
	case phaseSealed:
		return f.ofSealed(e)
	case phaseHeld:
		return f.ofHeld(e)
	case phaseReleased:
		return f.ofReleased(e)
	}
	if e == eventPanic {
		f.phase = phaseFinished // nothing is sealed, so there is nothing to send
	}
	return 0
}

func (f *framing) ofSealed(e event) action {
	switch e {
	case eventFlush, eventBody:
		switch {
		case f.class == flushBodiless:
			f.phase = phaseFinished
			return sendHeader | sendEnd
		case e == eventBody:
			f.phase = phaseReleased
			return sendHeader | sendBody
		case f.class == flushTrailersOnly:
			f.phase = phaseHeld
			return holdHeader
		}
		f.phase = phaseReleased
		return f.committed()
	case eventReturn, eventTrailers:
		f.phase = phaseFinished
		return tellSize | sendHeader | sendBody | sendEnd
	case eventPanic:
		f.phase = phaseFinished // what was not flushed is not sent
	}
	return 0
}

func (f *framing) ofHeld(e event) action {
	switch e {
	case eventBody:
		f.phase = phaseReleased
		return sendHeader | sendBody
	case eventWait, eventExpire:
		f.phase = phaseReleased
		return f.committed()
	case eventReturn:
		f.phase = phaseFinished
		return tellSize | sendHeader | sendEnd
	case eventTrailers:
		f.phase = phaseFinished
		return sendHeader | sendEnd
	case eventPanic: // what was flushed is not taken back
		f.phase = phaseFinished
		return sendHeader | commit
	}
	return 0
}

func (f *framing) ofReleased(e event) action {
	switch e {
	case eventFlush, eventBody:
		return sendBody
	case eventTrailers:
		f.phase = phaseFinished
		return sendBody | sendEnd
	case eventReturn:
		f.phase = phaseFinished
		if f.grpc && !f.content {
			return repeatGRPC | sendEnd
		}
		return sendBody | sendEnd
	case eventPanic:
		f.phase = phaseFinished
	}
	return 0
}

// committed is the action that sends a field section before anything follows it.
func (f *framing) committed() action {
	if f.grpc {
		return sendHeader | commit | keepGRPC
	}
	return sendHeader | commit
}
