package h2c

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"h2fork.example/net/http2"
)

// prefaceEnd is what remains of the preface (RFC 9113 §3.4) after the part that an HTTP/1.1 server reads as a request:
// "PRI * HTTP/2.0" and an empty line.
const prefaceEnd = "SM\r\n\r\n"

// isPreface reports whether r is the beginning of HTTP/2's preface.
func isPreface(r *http.Request) bool {
	return r.Method == "PRI" && r.URL.Path == "*" && r.Proto == "HTTP/2.0" && len(r.Header) == 0
}

func (h *handler) servePriorKnowledge(w http.ResponseWriter, r *http.Request) {
	logVerbose("h2c: attempting h2c with prior knowledge.")
	c, err := takeOver(w)
	if err != nil {
		logVerbose("h2c: error h2c with prior knowledge: %v", err)
		http.Error(w, "h2c: "+err.Error(), http.StatusInternalServerError)
		return
	}
	if err := c.handshake(func() error { return readPrefaceEnd(c) }); err != nil {
		logVerbose("h2c: error h2c with prior knowledge: %v", err)
		c.Close()
		return
	}
	h.serve(c.forHTTP2(), r, http2.ServeConnOpts{SawClientPreface: true})
}

func readPrefaceEnd(r io.Reader) error {
	var got [len(prefaceEnd)]byte
	if _, err := io.ReadFull(r, got[:]); err != nil {
		return fmt.Errorf("h2c: error reading client preface: %w", err)
	}
	if string(got[:]) != prefaceEnd {
		return errors.New("h2c: invalid client preface")
	}
	return nil
}
