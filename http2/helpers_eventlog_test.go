package http2

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// eventLog collects lines: what a server logs, CountError is told, a trace or a handler notes.
type eventLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *eventLog) Write(p []byte) (int, error) {
	l.add(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

func (l *eventLog) add(line string) {
	l.mu.Lock()
	l.lines = append(l.lines, line)
	l.mu.Unlock()
}

func (l *eventLog) addf(format string, args ...any) { l.add(fmt.Sprintf(format, args...)) }

func (l *eventLog) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

func (l *eventLog) String() string { return strings.Join(l.all(), "\n") }

// want wants these lines and no others.
func (l *eventLog) want(t *testing.T, sentence string, want ...string) {
	t.Helper()
	if got := l.all(); !slices.Equal(got, want) {
		t.Errorf("%s\n got %q\nwant %q", sentence, got, want)
	}
}
