package main

import (
	"fmt"
	"go/ast"
)

// An anchor is something in upstream's source that text goes before or after. It must be there once.
type anchor struct {
	what string // in words, for a refusal
	find func(*source) []ast.Node
	// glue is between the anchor and what comes after it.
	glue string
}

// one returns where the anchor begins and ends, as offsets in the file.
func (a anchor) one(s *source) (begin, end int, err error) {
	found := a.find(s)
	switch len(found) {
	case 0:
		return 0, 0, fmt.Errorf("%s: there is no %s", s.path, a.what)
	case 1:
		return s.fset.Position(found[0].Pos()).Offset, s.fset.Position(found[0].End()).Offset, nil
	}
	return 0, 0, fmt.Errorf("%s: there are %d of %s", s.path, len(found), a.what)
}

// fieldOf is a line of a struct type: its end is that of the line's comment.
func fieldOf(structure, field string) anchor {
	return anchor{fmt.Sprintf("field %s of the struct %s", field, structure), func(s *source) []ast.Node {
		var found []ast.Node
		for _, d := range s.file.Decls {
			ast.Inspect(d, func(n ast.Node) bool {
				spec, ok := n.(*ast.TypeSpec)
				if !ok || spec.Name.Name != s.name(structure) {
					return true
				}
				if t, ok := spec.Type.(*ast.StructType); ok {
					found = append(found, fieldsNamed(t, field)...)
				}
				return false
			})
		}
		return found
	}, "\n"}
}

func fieldsNamed(t *ast.StructType, name string) []ast.Node {
	var found []ast.Node
	for _, f := range t.Fields.List {
		if len(f.Names) != 1 || f.Names[0].Name != name {
			continue
		}
		if f.Comment != nil {
			found = append(found, f.Comment)
		} else {
			found = append(found, f)
		}
	}
	return found
}

// declarationOf is a whole function.
func declarationOf(function string) anchor {
	return anchor{"function " + function, func(s *source) []ast.Node {
		var found []ast.Node
		for _, f := range s.functions(function) {
			found = append(found, f)
		}
		return found
	}, "\n\n"}
}

// statementIn is a statement of a function that match accepts.
func statementIn(function, what string, match func(*source, ast.Node) bool) anchor {
	return anchor{fmt.Sprintf("%s in %s", what, function), func(s *source) []ast.Node {
		var found []ast.Node
		for _, f := range s.functions(function) {
			ast.Inspect(f.Body, func(n ast.Node) bool {
				if n != nil && match(s, n) {
					found = append(found, n)
				}
				return true
			})
		}
		return found
	}, "\n"}
}

// callOf is a statement that is a call of a method, or assigns its only result.
func callOf(function, method string) anchor {
	return statementIn(function, "statement that calls "+method, func(_ *source, n ast.Node) bool {
		sel, ok := calledBy(n).(*ast.SelectorExpr)
		return ok && sel.Sel.Name == method
	})
}

// recoverIn is a statement that assigns the result of recover.
func recoverIn(function string) anchor {
	return statementIn(function, "assignment of recover's result", func(_ *source, n ast.Node) bool {
		id, ok := calledBy(n).(*ast.Ident)
		return ok && id.Name == "recover"
	})
}

// writeNilIn is a statement that calls Write on a composite literal of a type.
func writeNilIn(function, typ string) anchor {
	return statementIn(function, fmt.Sprintf("statement that calls Write of a %s", typ), func(s *source, n ast.Node) bool {
		sel, ok := calledBy(n).(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Write" {
			return false
		}
		lit, ok := sel.X.(*ast.CompositeLit)
		if !ok {
			return false
		}
		id, ok := lit.Type.(*ast.Ident)
		return ok && id.Name == s.name(typ)
	})
}

// nilCheckIn is an if statement whose condition compares a variable.
func nilCheckIn(function, variable string) anchor {
	return statementIn(function, "if statement about "+variable, func(_ *source, n ast.Node) bool {
		stmt, ok := n.(*ast.IfStmt)
		if !ok {
			return false
		}
		cmp, ok := stmt.Cond.(*ast.BinaryExpr)
		if !ok {
			return false
		}
		id, ok := cmp.X.(*ast.Ident)
		return ok && id.Name == variable
	})
}

// calledBy returns what a statement calls, if it is a call, or an assignment from one.
func calledBy(n ast.Node) ast.Expr {
	var x ast.Expr
	switch n := n.(type) {
	case *ast.ExprStmt:
		x = n.X
	case *ast.AssignStmt:
		if len(n.Rhs) == 1 {
			x = n.Rhs[0]
		}
	}
	if call, ok := x.(*ast.CallExpr); ok {
		return call.Fun
	}
	return nil
}
