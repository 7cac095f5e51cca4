package processes

import (
	"bytes"
	"io"
	"testing"

	"h2fork.example/net/internal/interop/stack"
)

func TestTheMessageOfScenarioGRPCIsAnsweredInKind(t *testing.T) {
	srv, err := stack.Ours().Start(stack.Protocols, Content(), stack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	client, closeConns := stack.Client(stack.Protocols)
	defer closeConns()
	resp, err := client.Post(srv.URL+MethodSay, "application/grpc", bytes.NewReader(sayMessage()))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Equal(got, sayMessage()) || resp.Trailer.Get("Grpc-Status") != "0" {
		t.Errorf("answered with %q, trailers %v, %v", got, resp.Trailer, err)
	}
}
