package message

import "net/http"

// A kind says what a field means to HTTP/2 itself, beyond being handed to the other side.
type kind uint8

const (
	ordinary kind = iota
	kindContentEncoding
	kindContentLength
	kindContentType
	kindCookie
	kindDate
	kindExpect
	kindGRPCStatus
	kindHost
	kindTE
	kindTrailer

	// The connection-specific fields of RFC 9113 §8.2.2, in the order in which a request is blamed for them.
	kindConnection
	kindKeepAlive
	kindProxyConnection
	kindTransferEncoding
	kindUpgrade
)

func (k kind) connectionSpecific() bool { return k >= kindConnection }

// ConnectionSpecific reports whether name, in any case, is a field that HTTP/2 messages must not have (RFC 9113
// §8.2.2).
func ConnectionSpecific(name string) bool {
	_, known, ok := lowerName(http.CanonicalHeaderKey(name))
	return ok && known != nil && known.kind.connectionSpecific()
}

// A knownName is a field name in both its spellings.
type knownName struct {
	lower     string // as HTTP/2 sends it
	canonical string // as http.Header keys it
	kind      kind
}

// knownNames has all special names, and many ordinary ones. nameSlots is a hash table of them: at a name's slot, or the
// next one that was free, is its index in knownNames plus 1. Both are read-only after initialization.
var knownNames, nameSlots = indexNames()

// nameSlotCount is a power of two, and several times the number of names: most look-ups compare with one name or none.
const nameSlotCount = 1024

// nameSlot is the same for both spellings of a name, which is not empty.
func nameSlot(name string) uint {
	const lowerCase = 0x20
	n := uint(len(name))
	first, middle, last := uint(name[0]|lowerCase), uint(name[n/2]|lowerCase), uint(name[n-1]|lowerCase)
	return (n + first + 31*middle + 103*last) % nameSlotCount
}

// byLower returns what is known of a name as HTTP/2 spells it, nil if nothing.
func byLower(name string) *knownName {
	if name == "" {
		return nil
	}
	for i := nameSlot(name); nameSlots[i] != 0; i = (i + 1) % nameSlotCount {
		if known := &knownNames[nameSlots[i]-1]; known.lower == name {
			return known
		}
	}
	return nil
}

// byCanonical returns what is known of a key as http.Header spells it, nil if nothing.
func byCanonical(key string) *knownName {
	if key == "" {
		return nil
	}
	for i := nameSlot(key); nameSlots[i] != 0; i = (i + 1) % nameSlotCount {
		if known := &knownNames[nameSlots[i]-1]; known.canonical == key {
			return known
		}
	}
	return nil
}

func indexNames() (names []knownName, slots [nameSlotCount]uint8) {
	for name, k := range specialNames {
		names = append(names, knownName{lower: name, kind: k})
	}
	for _, name := range ordinaryNames {
		names = append(names, knownName{lower: name})
	}
	for i := range names {
		n := &names[i]
		n.canonical = http.CanonicalHeaderKey(n.lower)
		slot := nameSlot(n.lower)
		for slots[slot] != 0 {
			slot = (slot + 1) % nameSlotCount
		}
		slots[slot] = uint8(i + 1)
	}
	return names, slots
}

var specialNames = map[string]kind{
	"connection":        kindConnection,
	"content-encoding":  kindContentEncoding,
	"content-length":    kindContentLength,
	"content-type":      kindContentType,
	"cookie":            kindCookie,
	"date":              kindDate,
	"expect":            kindExpect,
	"grpc-status":       kindGRPCStatus,
	"host":              kindHost,
	"keep-alive":        kindKeepAlive,
	"proxy-connection":  kindProxyConnection,
	"te":                kindTE,
	"trailer":           kindTrailer,
	"transfer-encoding": kindTransferEncoding,
	"upgrade":           kindUpgrade,
}

// ordinaryNames are common enough that no connection should pay for spelling them.
var ordinaryNames = [...]string{
	// RFC 7541, Appendix A: what HPACK itself considers common.
	"accept", "accept-charset", "accept-encoding", "accept-language", "accept-ranges",
	"access-control-allow-origin", "age", "allow", "authorization", "cache-control",
	"content-disposition", "content-language", "content-location", "content-range", "etag", "expires",
	"from", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
	"last-modified", "link", "location", "max-forwards", "proxy-authenticate", "proxy-authorization",
	"range", "referer", "refresh", "retry-after", "server", "set-cookie", "strict-transport-security",
	"user-agent", "vary", "via", "www-authenticate",

	// Browsers.
	"access-control-allow-credentials", "access-control-allow-headers", "access-control-allow-methods",
	"access-control-expose-headers", "access-control-max-age", "access-control-request-headers",
	"access-control-request-method", "content-security-policy", "cross-origin-opener-policy",
	"cross-origin-resource-policy", "dnt", "origin", "permissions-policy", "pragma", "priority",
	"referrer-policy", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "sec-fetch-dest",
	"sec-fetch-mode", "sec-fetch-site", "sec-fetch-user", "sec-gpc", "sec-websocket-extensions",
	"sec-websocket-protocol", "sec-websocket-version", "upgrade-insecure-requests",
	"x-content-type-options", "x-frame-options", "x-requested-with", "x-xss-protection",

	// Proxies and tracing.
	"alt-svc", "baggage", "early-data", "forwarded", "idempotency-key", "server-timing", "traceparent",
	"tracestate", "x-b3-sampled", "x-b3-spanid", "x-b3-traceid", "x-forwarded-for", "x-forwarded-host",
	"x-forwarded-port", "x-forwarded-proto", "x-real-ip", "x-request-id",

	// gRPC.
	"grpc-accept-encoding", "grpc-encoding", "grpc-message", "grpc-previous-rpc-attempts",
	"grpc-status-details-bin", "grpc-tags-bin", "grpc-timeout", "grpc-trace-bin",
}
