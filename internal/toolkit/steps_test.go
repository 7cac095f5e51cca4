package toolkit

import (
	"bytes"
	"errors"
	"regexp"
	"testing"
)

func TestAStepIsALineWithItsTimeOrFailed(t *testing.T) {
	var out bytes.Buffer
	steps := Steps{W: &out}
	mistake := errors.New("mistake")
	if err := steps.Do("One", func() error { return nil }); err != nil {
		t.Error(err)
	}
	if err := steps.Do("Another", func() error { return mistake }); err != mistake {
		t.Error(err)
	}
	if !regexp.MustCompile(`^One … [0-9.]+ s\nAnother … failed\n$`).Match(out.Bytes()) {
		t.Errorf("got %q", &out)
	}
}
