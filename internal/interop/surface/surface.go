// Package surface compares what two packages export, declaration by declaration, as a program that imports them
// can tell them apart: constants with their values, variables, functions, types, fields, methods and interfaces.
package surface

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
)

// A Difference is one declaration that two packages do not have in common. Want or Got is empty where the
// declaration is missing.
type Difference struct {
	Declaration string // such as "method (*Framer).ReadFrame"
	Want, Got   string
}

func (d Difference) String() string {
	switch {
	case d.Got == "":
		return fmt.Sprintf("missing: %s: %s", d.Declaration, d.Want)
	case d.Want == "":
		return fmt.Sprintf("not upstream's: %s: %s", d.Declaration, d.Got)
	}
	return fmt.Sprintf("differs: %s\n\twant %s\n\tgot  %s", d.Declaration, d.Want, d.Got)
}

// Compare lists how the exported declarations of got differ from those of want, in the order of their names.
// A package that is imported under different paths on the two sides is told by rename, which maps a path in got
// to the one in want.
func Compare(want, got *types.Package, rename func(path string) string) []Difference {
	wanted := describe(want, func(path string) string { return path })
	gotten := describe(got, rename)

	names := maps.Clone(wanted)
	maps.Copy(names, gotten)
	var differences []Difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if wanted[name] != gotten[name] {
			differences = append(differences, Difference{name, wanted[name], gotten[name]})
		}
	}
	return differences
}
