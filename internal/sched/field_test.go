package sched

import (
	"strings"
	"testing"
)

func TestPriorityFieldsAreRead(t *testing.T) {
	for field, want := range map[string]struct {
		urgency     uint8
		incremental bool
	}{
		"":                              {3, false},
		"  ":                            {3, false},
		"u=0":                           {0, false},
		"u=7":                           {7, false},
		"u=05":                          {5, false},
		"u=-0":                          {0, false},
		"i":                             {3, true},
		"i=?1":                          {3, true},
		"i=?0":                          {3, false},
		"u=5, i":                        {5, true},
		"i,u=5":                         {5, true},
		"  u=2 \t,\t i  ":               {2, true},
		"u=2;a;b=3;c=\"x\", i;p=?0":     {2, true},
		"u=2, i, u=4":                   {4, true},
		"i, i=?0":                       {3, false},
		"u=8":                           {3, false},
		"u=-1":                          {3, false},
		"u=999999999999999":             {3, false},
		"u=1.0":                         {3, false},
		"u=a":                           {3, false},
		"u=?1":                          {3, false},
		"u":                             {3, false},
		"u=(1 2)":                       {3, false},
		"u=@1":                          {3, false},
		"i=1, u=1":                      {1, false},
		"u=1, zz=token/x:y, *k-_.9=1":   {1, false},
		"a=:YWJj:, u=1":                 {1, false},
		"a=:YWJj:;x, u=1":               {1, false},
		"a=\"q\\\"\\\\, u=6\", u=1":     {1, false},
		"a=(), u=1":                     {1, false},
		"a=(1 \"b\";x=1 tok );y=2, u=1": {1, false},
		"a=(  1  2 ), u=1":              {1, false},
		"a=@1659578233, u=1":            {1, false},
		"a=%\"f%c3%bc\", u=1":           {1, false},
		"a=123456789012.123, u=1":       {1, false},
		"a=-1.5, u=1":                   {1, false},
		"a=*tok, u=1":                   {1, false},
	} {
		u, i, _ := ParseRFC9218(field)
		if u != want.urgency || i != want.incremental {
			t.Errorf("ParseRFC9218(%q) = %d, %v, want %d, %v", field, u, i, want.urgency, want.incremental)
		}
	}
}

func TestPriorityFieldsThatAreNoDictionaryAreRefused(t *testing.T) {
	for _, field := range []string{
		",", "u=1,", "u=1, ", "u=1,,i", "u=1 i", "u=1;", "u=", "u= 1", "u =1", "=1", "U=1", "1=u", "\tu=1", "u=1;A",
		"u=1, a=1234567890123456", "u=1, a=1.", "u=1, a=1.1234", "u=1, a=1234567890123.1", "u=1, a=-", "u=1, a=--1",
		"u=1, a=\"", "u=1, a=\"\\x\"", "u=1, a=\"\x7f\"", "u=1, a=\"\\",
		"u=1, a=:YQ", "u=1, a=:*:", "u=1, a=?2", "u=1, a=?", "u=1, a=?true",
		"u=1, a=(", "u=1, a=(1", "u=1, a=(1,2)", "u=1, a=(1\"b\")", "u=1, a=((1))", "u=1, a=(1;)",
		"u=1, a=@", "u=1, a=@1.5", "u=1, a=@x",
		"u=1, a=%", "u=1, a=%x", "u=1, a=%\"", "u=1, a=%\"%C3\"", "u=1, a=%\"%c3\"", "u=1, a=%\"%c\"", "u=1, a=%\"\n\"",
		"u=1\x00", "u=1, \xff", "ü=1", "u=1, a={}",
	} {
		if u, i, ok := ParseRFC9218(field); ok || u != DefaultUrgency || i {
			t.Errorf("ParseRFC9218(%q) = %d, %v, %v, want the defaults and false", field, u, i, ok)
		}
	}
}

func TestPriorityFieldsAreReadWithoutMemory(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { ParseRFC9218("u=5, i, x=\"y\"") }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func FuzzParseRFC9218(f *testing.F) {
	f.Add("u=5, i")
	f.Add("a=(1 \"b\";x=1 tok );y=2, u=1")
	f.Add("a=%\"f%c3%bc\", b=@12, c=:YQ==:, u=1")
	f.Fuzz(func(t *testing.T, field string) {
		u, _, ok := ParseRFC9218(field)
		if u > 7 {
			t.Errorf("urgency %d", u)
		}
		if _, _, again := ParseRFC9218("i, " + field); strings.Trim(field, " \t") != "" && ok && !again {
			t.Errorf("%q is a dictionary, but not with a member more", field)
		}
	})
}
