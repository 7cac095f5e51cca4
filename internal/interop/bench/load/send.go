package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// send makes a request with a body of size zeros, or without one, and writes the body of the answer to w.
func send(ctx context.Context, client http.RoundTripper, method, url string, size int64, w io.Writer) error {
	var body io.Reader
	if size > 0 {
		body = io.LimitReader(zeros{}, size)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	req.ContentLength = size
	resp, err := client.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s was answered with %s", method, url, resp.Status)
	}
	_, err = io.Copy(w, resp.Body)
	return err
}

// zeros is a body of as many zero bytes as are wanted.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
