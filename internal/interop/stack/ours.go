package stack

// Ours is this repository's http2: until its Server is there, upstream stands in for it.
func Ours() Stack {
	s := XNet()
	s.Name = "ours"
	s.Path = "golang.org/x/net/http2 (stand-in)"
	return s
}
