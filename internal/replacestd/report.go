package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

const xnetHTTP2 = "golang.org/x/net/http2"

// report says how to build, what is reached, and what is not.
func (j *job) report(ctx context.Context, o options, p *plan, steps toolkit.Steps) error {
	lines := []string{
		fmt.Sprintf("%s is net/http of %s with the HTTP/2 of %s (%s). To build with it:", j.target, p.golang.version, p.fork.Path, p.fork.Dir),
		"",
	}
	lines = append(lines, j.commands()...)
	lines = append(lines, "",
		"This reaches every http.Server that speaks HTTP/2, over TLS or with Protocols.SetUnencryptedHTTP2(true), and every",
		"http.Transport that does, in tests too. In a program that was built with it, GODEBUG=http2fork=0 goes back to",
		"net/http's own.")
	lines = append(lines, j.notReached(ctx, o, p, steps)...)
	lines = append(lines,
		"The same command again brings it up to date, after an update of Go for instance; with -check, it tells whether that",
		"is necessary; with -undo, it removes it.")
	_, err := fmt.Fprintln(steps.W, strings.Join(lines, "\n"))
	return err
}

func (j *job) commands() []string {
	if j.kind.what == copied.what {
		return []string{
			"\tGOTOOLCHAIN=local " + shellQuote(goCommandOf(j.target)) + " build ./...",
			"",
			"or, for every go command of a shell:",
			"",
			"\texport GOTOOLCHAIN=local PATH=" + shellQuote(filepath.Join(j.target, "bin")) + `:"$PATH"`,
		}
	}
	name := filepath.Join(j.target, overlayName)
	flag := "-overlay=" + name
	if strings.ContainsAny(flag, " \t") {
		flag = "'" + flag + "'" // GOFLAGS has quotes of its own
	}
	return []string{
		"\tgo build -overlay " + shellQuote(name) + " ./...",
		"",
		"or, for every go command of a shell:",
		"",
		"\texport GOFLAGS=" + `"$(go env GOFLAGS) ` + flag + `"`,
	}
}

// shellQuote quotes a file name for a shell, if that is necessary.
func shellQuote(name string) string {
	if strings.ContainsAny(name, " \t'\"$&;|<>()*?`\\") {
		return strconv.Quote(name)
	}
	return name
}

// notReached says which packages of the module bring an HTTP/2 of their own. Where there is no module, or it doesn't
// build, there is nothing to say.
func (j *job) notReached(ctx context.Context, o options, p *plan, steps toolkit.Steps) []string {
	var users *toolkit.Users
	err := steps.Do("Looking for "+xnetHTTP2+" in "+absolute(o.dir), func() (err error) {
		users, err = findUsers(ctx, o.dir)
		return err
	})
	if err != nil {
		return []string{"(What else the module uses could not be listed.)"}
	}
	all := users.All()
	if len(all) == 0 {
		return nil
	}
	lines := []string{"These packages call " + xnetHTTP2 + " themselves:", toolkit.IndentLines(all)}
	if leavesItToNetHTTP(ctx, o.dir, p.golang.release) {
		return append(lines, "It leaves HTTP/2 to net/http from Go 1.27 on, so they are reached too, but for its Framer.")
	}
	return append(lines, "They are not reached: run replacexnet as well.")
}

// leavesItToNetHTTP reports whether the module's golang.org/x/net has net/http serve and ask for it. Those that do have
// a file for that.
func leavesItToNetHTTP(ctx context.Context, dir, release string) bool {
	if release == "1.26" {
		return false
	}
	out, err := toolkit.Go(ctx, dir, "list", "-f", "{{.GoFiles}}", xnetHTTP2)
	return err == nil && strings.Contains(string(out), "server_wrap.go") && strings.Contains(string(out), "transport_wrap.go")
}

func findUsers(ctx context.Context, dir string) (*toolkit.Users, error) {
	list := []string{"list", "-e", "-deps", "-json=ImportPath,Imports,Module"}
	build, err := toolkit.Go(ctx, dir, append(list, "./...")...)
	if err != nil {
		return nil, err
	}
	return toolkit.FindUsers(build, nil, "golang.org/x/net", func(path string) bool {
		return path == xnetHTTP2 || path == xnetHTTP2+"/h2c"
	})
}
