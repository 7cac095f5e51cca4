//go:build !go1.27

// From Go 1.27 on, upstream's http2 is a shell over net/http with a surface of its own. What Go 1.26 builds is the
// reference, whichever release we are built with.

package surface

import (
	"go/types"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// upstreams maps our packages to those whose surface they have.
var upstreams = map[string]string{
	"h2fork.example/net/http2": "golang.org/x/net/http2",
	"h2fork.example/net/h2c":   "golang.org/x/net/http2/h2c",
	"h2fork.example/net/hpack": "golang.org/x/net/http2/hpack",
}

func upstreamPath(path string) string {
	if upstream, ok := upstreams[path]; ok {
		return upstream
	}
	return path
}

// load returns our package and upstream's.
func load(t *testing.T, path string) (ours, upstream *types.Package) {
	t.Helper()
	config := &packages.Config{Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps}
	loaded, err := packages.Load(config, path, upstreams[path])
	if err != nil {
		t.Fatal(err)
	}
	byPath := make(map[string]*types.Package)
	for _, p := range loaded {
		for _, e := range p.Errors {
			t.Fatalf("%s: %v", p.PkgPath, e)
		}
		byPath[p.PkgPath] = p.Types
	}
	return byPath[path], byPath[upstreams[path]]
}

func compareWithUpstream(t *testing.T, path string) {
	t.Helper()
	ours, upstream := load(t, path)
	differences := Compare(upstream, ours, upstreamPath)
	if len(differences) == 0 {
		return
	}
	var lines strings.Builder
	for _, d := range differences {
		lines.WriteString("\n" + d.String())
	}
	t.Errorf("%s and %s differ in %d exported declarations:%s", path, upstreams[path], len(differences), lines.String())
}

func TestHpackSurfaceIsUpstreams(t *testing.T) { compareWithUpstream(t, "h2fork.example/net/hpack") }

func TestH2CSurfaceIsUpstreams(t *testing.T) { compareWithUpstream(t, "h2fork.example/net/h2c") }

func TestHTTP2SurfaceIsUpstreams(t *testing.T) { compareWithUpstream(t, "h2fork.example/net/http2") }
