package message

import (
	"context"
	"net/http"

	"h2fork.example/net/hpack"
)

// requestRead is what became of a field section.
type requestRead struct {
	Request
	HTTP *http.Request
}

// readRequest is r.Read, with memory for the request.
func readRequest(ctx context.Context, r *RequestReader, id uint32, fields []hpack.HeaderField, endStream bool) (requestRead, error) {
	req := new(http.Request)
	info, err := r.Read(ctx, req, id, fields, endStream)
	return requestRead{info, req}, err
}
