package surface

import (
	"fmt"
	"go/types"
	"strings"
)

// A surface maps each exported declaration to a description. Two declarations are interchangeable to a program
// if their descriptions are equal.
type surface struct {
	declarations map[string]string
	qualify      types.Qualifier
}

func describe(pkg *types.Package, rename func(path string) string) map[string]string {
	s := surface{
		declarations: make(map[string]string),
		qualify:      func(p *types.Package) string { return rename(p.Path()) },
	}
	s.declarations["package"] = pkg.Name()
	for _, name := range pkg.Scope().Names() {
		if obj := pkg.Scope().Lookup(name); obj.Exported() {
			s.object(obj)
		}
	}
	return s.declarations
}

func (s *surface) object(obj types.Object) {
	switch obj := obj.(type) {
	case *types.Const:
		s.declarations["const "+obj.Name()] = s.typ(obj.Type()) + " = " + obj.Val().ExactString()
	case *types.Var:
		s.declarations["var "+obj.Name()] = s.typ(obj.Type())
	case *types.Func:
		s.declarations["func "+obj.Name()] = s.typ(obj.Type())
	case *types.TypeName:
		s.typeName(obj)
	}
}

func (s *surface) typeName(obj *types.TypeName) {
	if obj.IsAlias() {
		s.declarations["type "+obj.Name()] = "= " + s.typ(types.Unalias(obj.Type()))
		return
	}
	s.declarations["type "+obj.Name()] = s.shape(obj.Type())
	switch under := obj.Type().Underlying().(type) {
	case *types.Struct:
		s.fields(obj.Name(), under)
		s.methods(obj)
	case *types.Interface:
		for m := range under.Methods() {
			if m.Exported() {
				s.declarations["method "+obj.Name()+"."+m.Name()] = s.typ(m.Type())
			}
		}
	default:
		s.methods(obj)
	}
}

// shape says what a program can do with values of type t, apart from its exported fields and methods.
func (s *surface) shape(t types.Type) string {
	var b strings.Builder
	switch under := t.Underlying().(type) {
	case *types.Struct:
		b.WriteString("struct")
		for f := range under.Fields() {
			if !f.Exported() {
				b.WriteString(" with unexported fields") // no literals without keys
				break
			}
		}
	case *types.Interface:
		b.WriteString("interface")
		for m := range under.Methods() {
			if !m.Exported() {
				b.WriteString(" with unexported methods") // nobody else can implement it
				break
			}
		}
	default:
		b.WriteString(s.typ(under))
	}
	if !types.Comparable(t) {
		b.WriteString(", not comparable")
	}
	return b.String()
}

// fields describes the exported fields of a struct and those that an unexported embedded type lends it. Their
// order shows in literals without keys and to reflection.
func (s *surface) fields(owner string, st *types.Struct) {
	place := 0
	for i := range st.NumFields() {
		f := st.Field(i)
		if !f.Exported() {
			if lent, ok := f.Type().Underlying().(*types.Struct); ok && f.Embedded() {
				s.fields(owner, lent)
			}
			continue
		}
		place++
		description := fmt.Sprintf("%s, exported field %d", s.typ(f.Type()), place)
		if f.Embedded() {
			description += ", embedded"
		}
		if tag := st.Tag(i); tag != "" {
			description += fmt.Sprintf(", tagged %q", tag)
		}
		s.declarations["field "+owner+"."+f.Name()] = description
	}
}

// methods describes the methods of a type, promoted ones too, and whether it takes a pointer to have them.
func (s *surface) methods(obj *types.TypeName) {
	values := types.NewMethodSet(obj.Type())
	for selection := range types.NewMethodSet(types.NewPointer(obj.Type())).Methods() {
		m := selection.Obj()
		if !m.Exported() {
			continue
		}
		receiver := "(*" + obj.Name() + ")"
		if values.Lookup(m.Pkg(), m.Name()) != nil {
			receiver = obj.Name()
		}
		s.declarations["method "+receiver+"."+m.Name()] = s.typ(m.Type())
	}
}

// typ writes t as a program sees it: parameters without their names, which only documentation shows.
func (s *surface) typ(t types.Type) string {
	if sig, ok := t.(*types.Signature); ok {
		t = types.NewSignatureType(nil, nil, nil, unnamed(sig.Params()), unnamed(sig.Results()), sig.Variadic())
	}
	return types.TypeString(t, s.qualify)
}

func unnamed(tuple *types.Tuple) *types.Tuple {
	var vars []*types.Var
	for v := range tuple.Variables() {
		vars = append(vars, types.NewVar(v.Pos(), v.Pkg(), "", v.Type()))
	}
	return types.NewTuple(vars...)
}
