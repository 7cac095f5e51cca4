package h2c

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/net/http/httpguts"

	"h2fork.example/net/http2"
)

// maxUpgradeBody is how much of the body of an upgrade request is kept in memory, where no flow control holds clients
// back. It is as much as an HTTP/2 connection may send before a handler reads, by default, so that
// upgrading gains nothing. Requests with more are served over HTTP/1.1.
const maxUpgradeBody = 1 << 20

// asksForUpgrade reports whether r asks for an upgrade that may be granted. Any other request is one of HTTP/1.1, as
// if it did not ask.
func asksForUpgrade(r *http.Request) bool {
	switch {
	case r.ProtoMajor != 1 || r.ProtoMinor < 1:
		return false // RFC 9110 §7.8: Upgrade in an HTTP/1.0 request is ignored
	case r.TLS != nil:
		return false // RFC 7540 §3.2: "h2c" is cleartext; over TLS, ALPN decides
	case r.Method == http.MethodConnect:
		return false // RFC 9110 §7.8: stream 1 could not honour it, as it has no more input
	}
	// Both options: without them the fields may have been meant for an intermediary before us, which forwarded them
	// blindly and does not know that what follows is not HTTP/1.1 (RFC 9110 §7.6.1, §7.8; RFC 7540 §3.2.1).
	options := r.Header["Connection"]
	return httpguts.HeaderValuesContainsToken(r.Header["Upgrade"], "h2c") &&
		httpguts.HeaderValuesContainsToken(options, "Upgrade") &&
		httpguts.HeaderValuesContainsToken(options, "HTTP2-Settings")
}

// serveUpgrade does not switch protocols before everything about the request is known to be right: up to then there is
// an HTTP/1.1 response to say so.
func (h *handler) serveUpgrade(w http.ResponseWriter, r *http.Request) {
	settings, err := decodeSettings(r.Header["Http2-Settings"])
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	r, whole, err := bufferBody(r)
	if err != nil {
		refuse(w, statusOfBodyError(err), err)
		return
	}
	if !whole {
		h.next.ServeHTTP(w, r)
		return
	}
	c, err := takeOver(w)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	if err := c.handshake(c.switchProtocols); err != nil {
		logVerbose("h2c: error h2c upgrade: %v", err)
		c.Close()
		return
	}
	h.serve(c.forHTTP2(), r, http2.ServeConnOpts{UpgradeRequest: r, Settings: settings})
}

// refuse answers over HTTP/1.1, and ends the connection: some of the request's body may be unread.
func refuse(w http.ResponseWriter, status int, err error) {
	logVerbose("h2c: error h2c upgrade: %v", err)
	w.Header().Set("Connection", "close")
	http.Error(w, "h2c: "+err.Error(), status)
}

func statusOfBodyError(err error) int {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

// bufferBody reads the body of r, and returns r with it in memory. whole is true if nothing of the body is left on the
// connection. Only then may what follows on it be read as HTTP/2. Otherwise the rest of the body would be taken for
// frames, chosen by the author of the body (CVE-2022-41721). If something is left, the body of the returned request
// still has all that r's would have given.
func bufferBody(r *http.Request) (_ *http.Request, whole bool, err error) {
	if r.ContentLength > maxUpgradeBody {
		return r, false, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxUpgradeBody+1))
	if err != nil {
		return nil, false, err
	}
	rest := r.Body
	r = r.WithContext(r.Context()) // a copy: handlers may not change the request that they are given
	if len(body) > maxUpgradeBody {
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), rest), rest}
		return r, false, nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	// Less than declared, and yet no error: middleware cut it short.
	cut := r.ContentLength >= 0 && int64(len(body)) != r.ContentLength
	return r, !cut, nil
}

// maxUpgradeSettings bounds the settings of an upgrade request like those of a SETTINGS frame: the field could hold a
// hundred thousand, all of which are applied before anything is served.
const maxUpgradeSettings = 100

// settingLen is the length of a setting in a SETTINGS frame (RFC 9113 §6.5.1).
const settingLen = 6

// decodeSettings returns the payload of the SETTINGS frame that the HTTP2-Settings field has (RFC 7540 §3.2.1), if all
// of it is valid.
func decodeSettings(values []string) ([]byte, error) {
	if len(values) != 1 {
		return nil, fmt.Errorf("expected 1 HTTP2-Settings field, got %d", len(values))
	}
	// Six bytes a setting make eight characters: no valid value could be padded.
	payload, err := base64.RawURLEncoding.DecodeString(values[0])
	if err != nil {
		return nil, fmt.Errorf("HTTP2-Settings: %w", err)
	}
	if len(payload)%settingLen != 0 {
		return nil, fmt.Errorf("HTTP2-Settings: %d bytes are no whole number of settings", len(payload))
	}
	if n := len(payload) / settingLen; n > maxUpgradeSettings {
		return nil, fmt.Errorf("HTTP2-Settings: %d settings are more than %d", n, maxUpgradeSettings)
	}
	for b := payload; len(b) > 0; b = b[settingLen:] {
		s := http2.Setting{ID: http2.SettingID(binary.BigEndian.Uint16(b)), Val: binary.BigEndian.Uint32(b[2:])}
		if err := s.Valid(); err != nil {
			return nil, fmt.Errorf("HTTP2-Settings: %v: %w", s, err)
		}
	}
	return payload, nil
}

// switchProtocols is the 101 response: the last of HTTP/1.1.
func (c *conn) switchProtocols() error {
	c.out.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
	return c.out.Flush()
}
