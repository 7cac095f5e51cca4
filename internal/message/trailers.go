package message

import (
	"strings"

	"golang.org/x/net/http/httpguts"
)

// maxTrailerKeys bounds the keys that Trailer fields may declare in one message. Two octets of such a field would
// otherwise cost a map entry ("Trailer: header amplification").
const maxTrailerKeys = 256

// forbiddenTrailer reports whether a field, by its canonical name, must not be in a trailer section: framing,
// routing, authentication and the like (RFC 9110 §6.5.1), and what is connection-specific (RFC 9113 §8.2.2).
func forbiddenTrailer(key string) bool {
	return key == "Upgrade" || !httpguts.ValidTrailerHeader(key)
}

// eachElement calls do with each element of a comma-separated list that is not empty (RFC 9110 §5.6.1).
func eachElement(list string, do func(element string)) {
	for more := true; more; {
		var element string
		element, list, more = strings.Cut(list, ",")
		if element = trimOWS(element); element != "" {
			do(element)
		}
	}
}
