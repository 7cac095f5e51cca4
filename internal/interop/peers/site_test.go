package peers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
)

// site returns the handler that most peers talk to.
//
//	/hello     13 bytes
//	/bytes?n=  n bytes that are the same every time
//	/digest    the length and SHA-256 of what was sent
//	/trailers  the request's body, and its trailers as trailers
//	/wait      nothing until the client goes away
//	/status?n= a response without content and with status n
func site() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello, world\n") })
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseInt(r.FormValue("n"), 10, 64)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		io.Copy(w, noise(n))
	})
	mux.HandleFunc("/digest", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		n, err := io.Copy(sum, r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		io.WriteString(w, digestLine(n, sum.Sum(nil)))
	})
	mux.HandleFunc("/trailers", echoTrailers)
	mux.HandleFunc("/wait", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/status", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.FormValue("n"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(n)
	})
	return mux
}

func echoTrailers(w http.ResponseWriter, r *http.Request) {
	for key := range r.Trailer {
		w.Header().Add("Trailer", key)
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Write(body.Bytes())
	for key, values := range r.Trailer {
		w.Header()[key] = values
	}
	w.Header().Set(http.TrailerPrefix+"Undeclared", "came along")
}

func digestLine(n int64, sum []byte) string {
	return strconv.FormatInt(n, 10) + " " + hex.EncodeToString(sum) + "\n"
}

// noise returns n bytes in which a piece lost, doubled or moved shows.
func noise(n int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{1}), n)
}

// noiseDigest returns the digestLine of noise(n).
func noiseDigest(n int64) string {
	sum := sha256.New()
	io.Copy(sum, noise(n))
	return digestLine(n, sum.Sum(nil))
}
