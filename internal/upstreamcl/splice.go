package main

import (
	"errors"
	"fmt"
	"go/format"
	"slices"
	"strings"
)

// splice returns the file with the insertions of changes. Text is put in at byte offsets, and gofmt indents it: the
// syntax tree is only for finding places. It returns every reason against it at once.
func (s *source) splice(cs []*change) ([]byte, error) {
	type edit struct {
		at   int
		text string
	}
	var edits []edit
	var errs []error
	for _, c := range cs {
		if c.applied(s) {
			errs = append(errs, fmt.Errorf("%s has the change %s already", s.path, c.name))
			continue
		}
		errs = append(errs, s.lacking(c.uses)...)
		for _, i := range c.insertions {
			begin, end, err := i.anchor.one(s)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if i.before != "" {
				edits = append(edits, edit{begin, c.text(i.before, s.words()) + "\n"})
			}
			if i.after != "" {
				edits = append(edits, edit{end, i.anchor.glue + c.text(i.after, s.words())})
			}
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return a.at - b.at })
	var out strings.Builder
	done := 0
	for _, e := range edits {
		out.Write(s.content[done:e.at])
		out.WriteString(e.text)
		done = e.at
	}
	out.Write(s.content[done:])
	return s.format(out.String())
}

// appendTests returns the file with a change's tests at its end.
func (s *source) appendTests(c *change, w words) ([]byte, error) {
	errs := s.lacking(c.testUses)
	errs = append(errs, s.lacking(w.testUses)...)
	for _, name := range slices.Concat(c.tests, c.guards) {
		if s.has(name) {
			errs = append(errs, fmt.Errorf("%s: there is a %s already", s.path, name))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return s.format(string(s.content) + "\n" + c.text("test.txt", w) + "\n")
}

func (s *source) format(text string) ([]byte, error) {
	out, err := format.Source([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("%s: what is there does not fit what is added: %w", s.path, err)
	}
	return out, nil
}
