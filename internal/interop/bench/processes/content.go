package processes

import (
	"io"
	"net/http"
	"time"
)

const sleepTime = 10 * time.Millisecond

// Content returns the handler of the Go servers. The servers of files have the same files.
func Content() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/"+FileHello, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			io.Copy(io.Discard, r.Body)
		}
		io.WriteString(w, hello)
	})
	for name, size := range fillers {
		content := filler(size)
		mux.HandleFunc("/"+name, func(w http.ResponseWriter, _ *http.Request) { w.Write(content) })
	}
	mux.HandleFunc(PathSink, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, hello)
	})
	mux.HandleFunc("/"+FileLarge, func(w http.ResponseWriter, _ *http.Request) {
		piece := make([]byte, MebibyteSize)
		for range LargeSize / len(piece) {
			w.Write(piece)
		}
	})
	mux.HandleFunc("/sleep", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(sleepTime)
		io.WriteString(w, hello)
	})
	mux.HandleFunc("/park", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	services := newGRPC()
	mux.Handle(MethodSay, services)
	mux.Handle(MethodChat, services)
	return mux
}
