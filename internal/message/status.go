package message

import (
	"net/http"
	"strconv"
)

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

// maxRegistered is more than any status code that has a reason phrase.
const maxRegistered = 600

// statusLines are the values of http.Response's Status, for codes that have a reason phrase.
var statusLines = func() (lines [maxRegistered]string) {
	for code := 100; code < maxRegistered; code++ {
		if text := http.StatusText(code); text != "" {
			lines[code] = StatusText3(code) + " " + text
		}
	}
	return lines
}()

// statusLine returns the Status of a response to go with its code, which has three digits.
func statusLine(code int) string {
	if code < maxRegistered && statusLines[code] != "" {
		return statusLines[code]
	}
	return StatusText3(code) + " "
}

// BodyAllowed reports whether a response with this status can have content (RFC 9110 §6.4.1).
func BodyAllowed(status int) bool {
	return status >= 200 && status != 204 && status != 304
}
