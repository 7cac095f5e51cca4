package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"h2fork.example/net/internal/interop/greeter"
	"h2fork.example/net/internal/interop/stack"
)

func testHealth() (*health, *bytes.Buffer) {
	out := new(bytes.Buffer)
	return &health{backend: "http://backend", log: log.New(out, "", 0)}, out
}

func TestAnErrorSaysWhatFailedAndSinceWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := testHealth()
		since := time.Now().UTC().Format(time.RFC3339)
		h.failed(errors.New("refused"))
		time.Sleep(time.Minute)
		got := h.failed(errors.New("refused again"))
		for _, want := range []string{"http://backend", "refused again", "since " + since, "1m0s", "calls that failed: 2"} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in %q", want, got)
			}
		}
	})
}

func TestTheLogSaysThatABackendIsDownNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, out := testHealth()
		for range 25 { // in 24 seconds
			h.failed(errors.New("refused"))
			time.Sleep(time.Second)
		}
		h.answered(nil)
		h.answered(nil)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 4 || !strings.Contains(lines[3], "answers again, after 25s and 25 calls") {
			t.Errorf("the log is %q, want three lines and one at the end", lines)
		}
	})
}

func TestAnOutageBeginsAnewAfterAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := testHealth()
		h.failed(errors.New("refused"))
		h.answered(nil)
		time.Sleep(time.Minute)
		if got := h.failed(errors.New("refused")); !strings.Contains(got, "(0s, calls that failed: 1)") {
			t.Errorf("the outage is described as %q", got)
		}
	})
}

func TestAClientThatGivesUpSaysNothingOfTheBackend(t *testing.T) {
	h, out := testHealth()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	func() {
		defer func() {
			if got := recover(); got != http.ErrAbortHandler {
				t.Errorf("recovered %v, want ErrAbortHandler", got)
			}
		}()
		h.answer(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil), context.Canceled)
	}()
	if out.Len() > 0 || !h.since.IsZero() {
		t.Errorf("the log has %q", out)
	}
}

func TestGRPCClientsAreToldThatTheBackendIsUnavailable(t *testing.T) {
	url, _ := testGateway(t, gateway{backend: "http://127.0.0.1:1"})
	srv := &stack.Server{Addr: strings.TrimPrefix(url, "http://")}
	cc, err := dial(srv, stack.Protocols, new(wire))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	err = cc.Invoke(t.Context(), greeter.MethodSay, nil, nil)
	if s := status.Convert(err); s.Code() != codes.Unavailable || !strings.Contains(s.Message(), "no call has reached it since") {
		t.Errorf("the call ended with %v", err)
	}
}

func TestOtherClientsAreTold502(t *testing.T) {
	url, _ := testGateway(t, gateway{backend: "http://127.0.0.1:1"})
	client, closeConns := stack.Client(stack.Protocols)
	defer closeConns()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), "no call has reached it since") {
		t.Errorf("%s: %q", resp.Status, body)
	}
}

func TestAGRPCMessageIsPercentEncoded(t *testing.T) {
	if got, want := grpcMessage("100 % – done\n"), "100 %25 %E2%80%93 done%0A"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
