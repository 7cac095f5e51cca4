package message

import "strconv"

// statusCodes is "100101102…999": slices of it spell a status without allocating.
var statusCodes = func() string {
	b := make([]byte, 0, 3*900)
	for code := 100; code < 1000; code++ {
		b = strconv.AppendInt(b, int64(code), 10)
	}
	return string(b)
}()

// StatusText3 returns the value of :status for code.
func StatusText3(code int) string {
	if code < 100 || code > 999 {
		return strconv.Itoa(code)
	}
	at := 3 * (code - 100)
	return statusCodes[at : at+3]
}

// BodyAllowed reports whether a response with this status can have content (RFC 9110 §6.4.1).
func BodyAllowed(status int) bool {
	return status >= 200 && status != 204 && status != 304
}
