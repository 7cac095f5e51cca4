package main

import (
	"embed"
	"fmt"
	"path"
	"strings"
	"text/template"
)

// texts are ours to the last line: upstream's text is in the user's tree only.
//
//go:embed text
var texts embed.FS

// words are what differs from tree to tree in our texts.
type words struct {
	prefix   string   // of the names of upstream's package
	t        string   // the parameter's type of tests in a bubble
	bubble   string   // the function that runs one
	testUses []string // what that needs

	pkg   string // what the first line of a message begins with
	goes  bool   // whether this is Go itself
	issue int    // 0 if there is none
}

// text returns one of a change's texts, without the last newline.
func (c *change) text(name string, w words) string {
	t, err := template.New(name).Funcs(template.FuncMap{
		"name": func(name string) string { return w.prefix + name },
		"test": w.test,
	}).ParseFS(texts, path.Join("text", c.name, name))
	if err != nil {
		panic(err) // the file is a part of this program
	}
	var out strings.Builder
	if err := t.Execute(&out, map[string]any{"T": w.t, "Package": w.pkg, "Go": w.goes, "Issue": w.issue}); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// test begins a test that runs in a bubble, as its neighbours do.
func (w words) test(name string) string {
	return fmt.Sprintf("func Test%s(t *testing.T) { %s(t, test%s) }\nfunc test%s(t %s) {", name, w.bubble, name, name, w.t)
}

func (s *source) words() words { return words{prefix: s.prefix} }
