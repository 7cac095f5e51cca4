package main

import (
	"embed"
	"fmt"
	"go/ast"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

// glue is what we add to net/http beside our packages.
//
//go:embed glue/*.txt
var glue embed.FS

func glueFiles(tests bool) (toolkit.Tree, error) {
	entries, err := glue.ReadDir("glue")
	if err != nil {
		return nil, err
	}
	files := make(toolkit.Tree)
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".txt")
		if !tests && !toolkit.IsSource(name) {
			continue
		}
		if files[name], err = glue.ReadFile("glue/" + entry.Name()); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// hookTests shows net/http's own tests the idle connections that ours has.
func (n *netHTTP) hookTests() error {
	if list, err := n.function("Transport", "IdleConnStrsForTesting_h2"); err == nil { // Go 1.26
		receiver, _ := namesOf(list.node)
		n.begin(list, fmt.Sprintf("if %s.h2fork_client != nil {\n\t\treturn %[1]s.h2fork_idleConns()\n\t}", receiver))
		return nil
	}
	list, err := n.function("Transport", "IdleConnStrsForTesting")
	if err != nil {
		return err
	}
	theirs, err := n.statement(list, "the if statement about h2Transport", func(s *ast.IfStmt) bool {
		return mentions(s.Cond, "h2Transport")
	})
	if err != nil {
		return err
	}
	receiver, _ := namesOf(list.node)
	n.insert(list.file, theirs.Pos(), fmt.Sprintf("ret = append(ret, %s.h2fork_idleConns()...)\n\t", receiver))
	return nil
}

// hook inserts the calls of our text into net/http.
func (n *netHTTP) hook() error {
	configuration := n.hookBundle
	if _, err := n.function("Server", "serveHTTP2Conn"); err == nil {
		configuration = n.hookMethods
	}
	for _, h := range []func() error{configuration, n.hookField, n.hookCloseIdle, n.hookClient} {
		if err := h(); err != nil {
			return err
		}
	}
	return nil
}

// hookBundle hooks into Go 1.26, where net/http has a bundled golang.org/x/net/http2: we take the place of the two
// functions with which net/http configures Servers and Transports for it.
func (n *netHTTP) hookBundle() error {
	for _, name := range []string{"http2ConfigureServer", "http2configureTransports"} {
		configure, err := n.function("", name)
		if err != nil {
			return err
		}
		_, parameters := namesOf(configure.node)
		if len(parameters) == 0 {
			return &anchorError{n.goVersion, "func " + name + " with a parameter", 0}
		}
		n.begin(configure, fmt.Sprintf("if h2fork_enabled {\n\t\treturn h2fork_%s(%s)\n\t}", name, parameters[0]))
	}
	return nil
}

// hookMethods hooks into Go 1.27, where every HTTP/2 connection comes to one method of its Server or Transport, whoever
// has configured that.
func (n *netHTTP) hookMethods() error {
	for _, m := range []struct {
		receiver, name string
		parameters     int
		call           string // our text, with the receiver and the parameters to be filled in
	}{
		{"Server", "serveHTTP2Conn", 6, "if %s.h2fork_serveHTTP2Conn(%s) {\n\t\treturn\n\t}"},
		{"Transport", "configureHTTP2", 1, "if %s.h2fork_configureHTTP2(%s) {\n\t\treturn\n\t}"},
		{"Transport", "http2AddConn", 3, "if %s.h2fork_client != nil {\n\t\treturn %[1]s.h2fork_http2AddConn(%s)\n\t}"},
		{"Transport", "http2NewClientConn", 2, "if %s.h2fork_client != nil {\n\t\treturn %[1]s.h2fork_http2NewClientConn(%s)\n\t}"},
	} {
		method, err := n.function(m.receiver, m.name)
		if err != nil {
			return err
		}
		receiver, parameters := namesOf(method.node)
		if receiver == "" || len(parameters) != m.parameters {
			return &anchorError{n.goVersion, fmt.Sprintf("method %s of *%s with %d parameters", m.name, m.receiver, m.parameters), 0}
		}
		n.begin(method, fmt.Sprintf(m.call, receiver, strings.Join(parameters, ", ")))
	}
	return nil
}

// hookField gives each Transport a field for ours.
func (n *netHTTP) hookField() error {
	once, err := n.field("Transport", "nextProtoOnce")
	if err != nil {
		return err
	}
	n.insert(once.file, once.node.End(), "\n\th2fork_client *h2fork_http2_Transport // set with it")
	return nil
}

func (n *netHTTP) hookCloseIdle() error {
	closeIdle, err := n.function("Transport", "CloseIdleConnections")
	if err != nil {
		return err
	}
	receiver, _ := namesOf(closeIdle.node)
	n.insert(closeIdle.file, closeIdle.node.Body.Rbrace, fmt.Sprintf("\t%s.h2fork_closeIdle()\n", receiver))
	return nil
}

// hookClient has Clients treat our RoundTrippers as those of Go's authors.
func (n *netHTTP) hookClient() error {
	known, err := n.function("", "knownRoundTripperImpl")
	if err != nil {
		return err
	}
	_, parameters := namesOf(known.node)
	if len(parameters) == 0 {
		return &anchorError{n.goVersion, "func knownRoundTripperImpl with a parameter", 0}
	}
	n.begin(known, fmt.Sprintf("if h2fork_isOurs(%s) {\n\t\treturn true\n\t}", parameters[0]))
	return nil
}

// begin inserts a statement at the beginning of a function.
func (n *netHTTP) begin(in place[*ast.FuncDecl], statement string) {
	at := in.node.Body.Lbrace + 1
	if in.file.source[n.fset.Position(at).Offset] != '\n' {
		statement += "\n\t" // the body goes on in this line
	}
	n.insert(in.file, at, "\n\t"+statement)
}
