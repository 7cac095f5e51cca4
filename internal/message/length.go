package message

import "strconv"

// parseLength parses the value of a content-length field (RFC 9110 §8.6: digits only).
func parseLength(v string) (int64, bool) {
	n, err := strconv.ParseUint(v, 10, 63)
	return int64(n), err == nil
}
