// Package session is the HTTP/2 protocol without I/O (RFC 9113): streams and their
// states, both directions of flow control, settings, GOAWAY, the budgets that stop
// abuse, and the decision which frame is sent next and which one carries
// END_STREAM. It serves both roles; what differs between a client and a server
// hangs on [Config.Role] and nothing else.
//
// There is no net, no goroutine and no clock in here: frames that arrived come in
// as calls (Recv…), time comes in as an argument, and what is to be written comes
// out of [Session.Emit] as a [Batch] of values that the caller turns into bytes. A
// Session is not safe for concurrent use: its owner, conn, guards it and its
// streams with Conn.mu. Every method here needs that held, except where it says
// otherwise, and so none has a Locked suffix. No method blocks.
//
// Pending output is state rather than queued messages: window credit, SETTINGS
// acknowledgements and resets are counters and marks that emission turns into
// frames, which is also what makes floods harmless. END_STREAM is a property of a
// stream ([Stream.endsWith]); it becomes a flag when a frame is emitted, so it goes
// on the last frame that has not been sent yet. The exception is a field section
// that was committed ([Session.CommitHeader]).
package session
