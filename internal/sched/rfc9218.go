package sched

// NewRFC9218 returns a policy that follows RFC 9218.
func NewRFC9218() Policy { return new(roundRobin) }
