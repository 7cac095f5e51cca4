package toolkit

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestAProgramSaysHowItWent(t *testing.T) {
	p := Program[bool]{
		Name:  "fails",
		Flags: func(flags *flag.FlagSet, fail *bool) { flags.BoolVar(fail, "fail", false, "fail") },
		Check: func(_ *bool, rest []string) error { return NoArguments(rest) },
		Do: func(_ context.Context, fail bool, stdout io.Writer) error {
			if fail {
				return errors.New("as it was told")
			}
			_, err := fmt.Fprint(stdout, "done")
			return err
		},
	}
	for _, test := range []struct {
		args   []string
		status int
		stdout string
		stderr string
	}{
		{nil, 0, "done", ""},
		{[]string{"-fail"}, 1, "", "fails: as it was told\n"},
		{[]string{"-h"}, 0, "", "Usage of fails:\n"},
		{[]string{"-none"}, 2, "", "flag provided but not defined: -none\nUsage of fails:\n"},
		{[]string{"more"}, 2, "", "unexpected argument \"more\"\nUsage of fails:\n"},
	} {
		var stdout, stderr bytes.Buffer
		status := p.Run(t.Context(), test.args, &stdout, &stderr)
		if status != test.status || stdout.String() != test.stdout || !strings.HasPrefix(stderr.String(), test.stderr) || (test.stderr == "") != (stderr.Len() == 0) {
			t.Errorf("%q: %d, %q, %q; want %d, %q, %q", test.args, status, &stdout, &stderr, test.status, test.stdout, test.stderr)
		}
	}
}
