package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestATestThatNeverEndedHasFailed(t *testing.T) {
	got, err := parse([]byte(`{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"output","Test":"TestB","Output":"ok"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"run","Package":"p","Test":"TestC"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"fail","Package":"p"}
`))
	want := outcomes{"p TestA": fail, "p TestB": "pass", "p TestC": "skip"}
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
	ours := outcomes{"p TestA": fail, "p TestA/h2": fail, "p TestA/h2unencrypted": "pass", "p TestAB": "pass", "p TestC": "pass"}
	theirs := outcomes{"p TestA": "pass", "p TestA/h2": "pass", "p TestA/h2unencrypted": "pass", "p TestAB": "pass", "p TestD": "pass"}
	want := []string{"p TestA/h2", "p TestC", "p TestD"}
	if got := ours.different(theirs); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatPassesAloneIsForgivenWithAllThatItIsAPartOf(t *testing.T) {
	ours := outcomes{"p TestA": fail, "p TestA/b": fail, "p TestA/b/h2": fail, "p TestB": fail}
	theirs := outcomes{"p TestA": "pass", "p TestA/b": "pass", "p TestA/b/h2": "pass", "p TestB": "pass"}
	ours.forgive("p TestA/b/h2", theirs)
	if got := ours.different(theirs); !slices.Equal(got, []string{"p TestB"}) {
		t.Errorf("these still differ: %q", got)
	}
}

func TestTheVerdictGoesByTheList(t *testing.T) {
	list := []difference{
		{test: "TestKnown", why: "P1"},
		{test: "TestOfAnother", release: "1.27", why: "P1"},
		{test: "TestGone", why: "P1"},
	}
	theirs := outcomes{"p TestKnown": "pass", "p TestKnown/h2": "pass", "p TestKnownNot": "pass", "p TestOfAnother": "pass", "p TestGone": "pass"}
	ours := maps.Clone(theirs)
	ours["p TestKnown"], ours["p TestKnown/h2"] = fail, fail
	v := judge("go1.26.8", "1.26", ours, theirs, list)
	if v.unknown != nil || !slices.Equal(v.known, []string{"p TestKnown/h2: P1"}) || !slices.Equal(v.gone, []string{"TestGone"}) || v.ok() {
		t.Errorf("got %+v", v)
	}
	if v := judge("go1.26.8", "1.26", ours, theirs, list[:2]); !v.ok() {
		t.Errorf("it isn't ok: %v", v)
	}
	if v := judge("go1.26.8", "1.26", ours, theirs, append(list[:2:2], difference{test: "TestGone", mostly: true})); !v.ok() {
		t.Errorf("what differs mostly has to: %v", v)
	}
	for _, test := range []string{"p TestKnownNot", "p TestOfAnother"} {
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
