package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestATestThatNeverEndedHasFailed(t *testing.T) {
	got, err := parse([]byte(`{"Action":"start","Package":"p"}
{"Action":"run","Test":"TestA"}
{"Action":"run","Test":"TestB"}
{"Action":"output","Test":"TestB","Output":"ok"}
{"Action":"pass","Test":"TestB"}
{"Action":"run","Test":"TestC"}
{"Action":"skip","Test":"TestC"}
{"Action":"fail","Package":"p"}
`))
	want := outcomes{"TestA": fail, "TestB": "pass", "TestC": "skip"}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestOutputThatIsNoJSONIsAnError(t *testing.T) {
	if _, err := parse([]byte("FAIL")); err == nil {
		t.Error("no error")
	}
}

func TestOnlyThePartThatDiffersIsListed(t *testing.T) {
	ours := outcomes{"TestA": fail, "TestA/h2": fail, "TestA/h2unencrypted": "pass", "TestAB": "pass", "TestC": "pass"}
	theirs := outcomes{"TestA": "pass", "TestA/h2": "pass", "TestA/h2unencrypted": "pass", "TestAB": "pass", "TestD": "pass"}
	want := []string{"TestA/h2", "TestC", "TestD"}
	if got := ours.different(theirs); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatPassesAloneIsForgivenWithAllThatItIsAPartOf(t *testing.T) {
	ours := outcomes{"TestA": fail, "TestA/b": fail, "TestA/b/h2": fail, "TestB": fail}
	theirs := outcomes{"TestA": "pass", "TestA/b": "pass", "TestA/b/h2": "pass", "TestB": "pass"}
	ours.forgive("TestA/b/h2", theirs)
	if got := ours.different(theirs); !slices.Equal(got, []string{"TestB"}) {
		t.Errorf("these still differ: %q", got)
	}
}

func TestTheVerdictGoesByTheList(t *testing.T) {
	list := []difference{
		{test: "TestKnown", why: "P1"},
		{test: "TestOfAnother", release: "1.27", why: "P1"},
		{test: "TestGone", why: "P1"},
		{test: "TestFixed", why: "P1", passing: true},
	}
	theirs := outcomes{"TestKnown": "pass", "TestKnown/h2": "pass", "TestKnownNot": "pass", "TestOfAnother": "pass", "TestGone": "pass", "TestFixed": "pass"}
	ours := maps.Clone(theirs)
	ours["TestKnown"], ours["TestKnown/h2"] = fail, fail
	v := judge("go1.26.8", "1.26", ours, theirs, list)
	if v.unknown != nil || !slices.Equal(v.known, []string{"TestKnown/h2: P1"}) || !slices.Equal(v.gone, []string{"TestGone"}) || !slices.Equal(v.fixed, []string{"TestFixed"}) || v.ok() {
		t.Errorf("got %+v", v)
	}
	if v := judge("go1.26.8", "1.26", ours, theirs, list[:2]); !v.ok() {
		t.Errorf("it isn't ok: %v", v)
	}
	for _, test := range []string{"TestKnownNot", "TestOfAnother"} {
		more := maps.Clone(ours)
		more[test] = fail
		if v := judge("go1.26.8", "1.26", more, theirs, list[:2]); v.ok() || !strings.Contains(v.String(), test+": fail, and with net/http's own pass") {
			t.Errorf("%s: got %v", test, v)
		}
	}
}

func TestThePatternForATestIsForItAlone(t *testing.T) {
	if got, want := exactly("TestA/a.b/h2"), `^TestA$/^a\.b$/^h2$`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEveryEntryOfTheListsSaysWhy(t *testing.T) {
	for _, d := range slices.Concat(known, leftOut) {
		if d.test == "" || d.why == "" {
			t.Errorf("%+v", d)
		}
	}
}
