package message

import (
	"context"
	"net/http"

	"h2fork.example/net/hpack"
)

// requestRead is what became of a field section.
type requestRead struct {
	RequestInfo
	HTTP *http.Request
}

// readRequest is r.Read, with memory for the request.
func readRequest(ctx context.Context, r *RequestReader, id uint32, fields []hpack.HeaderField, endStream bool) (requestRead, error) {
	req := new(http.Request)
	info, err := r.Read(ctx, req, id, fields, endStream)
	return requestRead{info, req}, err
}

// readFinal is ReadStatus and r.Read, for a final response.
func readFinal(r *ResponseReader, id uint32, fields []hpack.HeaderField, endStream bool, req *http.Request) (*http.Response, error) {
	code, regular, err := ReadStatus(id, fields)
	if err != nil {
		return nil, err
	}
	return r.Read(id, code, regular, endStream, req)
}

// readInformational is ReadStatus and r.Informational, for a 1xx response.
func readInformational(r *ResponseReader, id uint32, fields []hpack.HeaderField) (int, http.Header, error) {
	code, regular, err := ReadStatus(id, fields)
	if err != nil {
		return 0, nil, err
	}
	h, err := r.Informational(id, code, regular)
	return code, h, err
}
