// Package sched decides which stream goes next, and nothing else: it knows neither frames nor flow control.
//
// A Policy keeps the nodes that are ready and says whose turn it is. Its owner says which nodes those are, sends
// something for the node it was given, and reports it. A Policy has no lock of its own: every call is made under
// the lock that guards the streams.
package sched

import "math"

// NoLimit is the limit of a turn that only frame size and flow control bound.
const NoLimit = math.MaxInt32

// DefaultUrgency is the urgency of a stream whose client asked for none (RFC 9218 §4.1).
const DefaultUrgency = 3

// Node is a stream's place in a Policy. The caller sets ID and Value before Open and leaves them alone until Close;
// after Close the node may be opened again, for any stream and in any Policy.
type Node struct {
	Value any // what the node stands for, for the caller of Next
	ID    uint32

	// Owned by the policy that the node is open in.
	open        bool
	ready       bool
	urgency     uint8       // RFC 9218 only
	incremental bool        // RFC 9218 only
	index       int         // among the ready nodes of a random policy
	links       link[*Node] // among the ready nodes of a round robin or RFC 9218 policy
	sameBucket  *Node       // in an idTable, RFC 9218 only
	vertex      *vertex     // RFC 7540 only
}

// Priority holds the parameters of both schemes; each policy reads its own.
type Priority struct {
	// RFC 7540 §5.3.
	StreamDep uint32
	Exclusive bool
	Weight    uint8 // as on the wire: one less than the weight

	// RFC 9218 §4. The zero Priority is the most urgent one; DefaultUrgency is the default.
	Urgency     uint8
	Incremental bool
}

// OpenOptions says how a stream comes to be.
type OpenOptions struct {
	PusherID uint32   // the stream that a pushed stream was promised on, or 0
	Priority Priority // RFC 9218 only: what a HEADERS frame says about dependencies takes an Adjust after Open
}

// Policy orders streams. Calls about a node that is not open do nothing.
type Policy interface {
	// Open adds n, which is not ready yet.
	Open(n *Node, o OpenOptions)

	// Close removes n, ready or not.
	Close(n *Node)

	// Adjust changes the priority of a stream. The stream may be closed or not open yet: the memory that
	// this takes is bounded.
	Adjust(id uint32, p Priority)

	// SetReady says that n has something that may be sent now.
	SetReady(n *Node)

	// ClearReady says that n has nothing that may be sent now.
	ClearReady(n *Node)

	// Next returns the node whose turn it is and the most bytes of DATA that it should send this turn, or nil
	// when no node is ready. Asking does not use up the turn.
	Next() (n *Node, limit int)

	// Sent says that a frame of n has been sent, with that many bytes of DATA (0 for any other frame). The turn is over.
	Sent(n *Node, bytes int)

	// Ready returns the number of nodes that are ready.
	Ready() int

	// Trim frees memory that is for streams to come. No stream is open.
	Trim()
}

// reset makes n open, not ready and in no set.
func (n *Node) reset() {
	*n = Node{ID: n.ID, Value: n.Value, open: true}
	n.links.of = n
}
