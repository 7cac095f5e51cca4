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

func glueFiles() (toolkit.Tree, error) {
	entries, err := glue.ReadDir("glue")
	if err != nil {
		return nil, err
	}
	files := make(toolkit.Tree)
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".txt")
		if files[name], err = glue.ReadFile("glue/" + entry.Name()); err != nil {
			return nil, err
		}
	}
	return files, nil
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

// hookMethods hooks into Go 1.27, where every HTTP/2 connection of a Server comes to one method, whoever has configured
// the Server.
func (n *netHTTP) hookMethods() error {
	for _, m := range []struct {
		receiver, name string
		parameters     int
	}{
		{"Server", "serveHTTP2Conn", 6},
		{"Transport", "configureHTTP2", 1},
	} {
		method, err := n.function(m.receiver, m.name)
		if err != nil {
			return err
		}
		receiver, parameters := namesOf(method.node)
		if receiver == "" || len(parameters) != m.parameters {
			return &anchorError{n.goVersion, fmt.Sprintf("method %s of *%s with %d parameters", m.name, m.receiver, m.parameters), 0}
		}
		n.begin(method, fmt.Sprintf("if %s.h2fork_%s(%s) {\n\t\treturn\n\t}", receiver, m.name, strings.Join(parameters, ", ")))
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
	n.insert(in.file, in.node.Body.Lbrace+1, "\n\t"+statement)
}
