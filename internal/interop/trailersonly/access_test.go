package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"h2fork.example/net/internal/interop/greeter"
	"h2fork.example/net/internal/interop/stack"
)

// wantLine wants a log to be one line with these parts.
func wantLine(t *testing.T, log string, parts ...string) {
	t.Helper()
	if strings.Count(log, "\n") != 1 {
		t.Errorf("the log is not one line: %q", log)
	}
	for _, part := range parts {
		if !strings.Contains(log, part) {
			t.Errorf("no %q in %q", part, log)
		}
	}
}

// accessLog serves a request with h and returns the line that there is of it.
func accessLog(h http.HandlerFunc) (line string, panicked any) {
	var out bytes.Buffer
	defer func() {
		panicked = recover()
		line = out.String()
	}()
	logged := logAccess(h, slog.New(slog.NewTextHandler(&out, nil)))
	logged.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/path", nil))
	return
}

func TestARequestIsALineInTheAccessLog(t *testing.T) {
	line, _ := accessLog(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "hello")
	})
	wantLine(t, line, "client=192.0.2.1:1234", "method=GET", "path=/path", "status=418", "bytes=5", "whole=true")
}

func TestTheStatusThatIsLoggedIsTheLast(t *testing.T) {
	line, _ := accessLog(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
	})
	wantLine(t, line, "status=418")
}

func TestAResponseThatIsBrokenOffIsLogged(t *testing.T) {
	line, panicked := accessLog(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	wantLine(t, line, "status=0", "whole=false")
	if panicked != http.ErrAbortHandler {
		t.Errorf("the panic has become %v", panicked)
	}
}

func TestTheStatusOfAGRPCCallIsLoggedFromHeaderAndTrailer(t *testing.T) {
	for _, k := range []struct {
		method string
		want   string
	}{{greeter.MethodFail, "grpc_status=5"}, {greeter.MethodSay, "grpc_status=0"}} {
		name := filepath.Join(t.TempDir(), "access.log")
		url, srv := testGateway(t, gateway{backend: "http://" + testBackend(t), access: name})
		client, closeConns := stack.Client(stack.Protocols)
		defer closeConns()
		empty := bytes.NewReader(make([]byte, 5)) // a message without fields
		resp, err := client.Post(url+k.method, "application/grpc", empty)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err := srv.Shutdown(t.Context()); err != nil { // the line is written after the response
			t.Fatal(err)
		}
		log, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		wantLine(t, string(log), "path="+k.method, "status=200", k.want)
	}
}
