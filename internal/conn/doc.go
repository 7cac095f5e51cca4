// Package conn is the I/O shell around a session: it reads frames, writes batches,
// runs handlers and keeps the clocks. One engine serves both roles; what a server
// does with a request, or a client with a response, is behind [Endpoint].
//
// # Who owns what
//
//   - The reader goroutine owns the input buffer, the HPACK decoder and the
//     assembly of field sections. It never writes to the socket: two peers that
//     both block in a write would wait for each other for ever.
//   - Conn.mu guards the session and everything said to be guarded by it. It is
//     never held across a socket write, HPACK, a handler, a hook or logging. The
//     one exception is a user's write scheduler: its methods are promised never to
//     run at the same time.
//   - The writer role is a token, not a goroutine (Conn.writing). The goroutine
//     that has it owns the HPACK encoder, the batch and the output buffer. A
//     handler's goroutine takes it when its handler has returned and nothing is
//     queued behind it, and then writes its own response without waking a
//     goroutine. In every other case it goes to the standby writer, which takes the
//     whole batch that has come together by then. A goroutine in the middle of a
//     handler must not be stuck in a socket write: it could not keep its own
//     deadline. Nor may the reader: it must read. After a Flush the standby writer
//     lets others run first: what they send leaves in the same write.
//   - A goroutine that sends a large piece of a body lends it, and waits until it
//     comes back. On a TCP connection the piece is written from where it is. A
//     lender that cannot wait any longer, because of a reset or a deadline, calls
//     RecallLocked.
//
// A stream's receive buffer has a mutex of its own; the lock order is Conn.mu, then
// the buffer's.
//
// A Locked suffix, here and in http2, means that the caller holds Conn.mu. Only
// functions that need it held have the suffix. Three types have a mutex of their
// own, and there the suffix means that one: Body, and http2's upload and
// clientConnPool. [Conn.Unlock] only unlocks; [Conn.UnlockAndWake] also starts what
// was queued under the lock.
//
// # Handlers
//
// Requests that arrive in one read are queued and one worker is woken for all of
// them. A worker that starts a handler while others wait wakes at most one more
// worker, and only if no wake is under way: short handlers are run one after the
// other by a goroutine that is awake already, and a handler that blocks never holds
// up another.
//
// A client has no workers. The goroutine that makes a request queues it, which
// wakes the standby writer, and waits; the reader brings the response. The reader
// wakes the waiting goroutines once it has handed on everything that it has read,
// and the standby writer lets them run first. So responses that come together make
// requests that are sent together.
//
// Every goroutine belongs to its connection: workers and the standby writer end with
// it, or when nothing has come for a while, whatever streams are open.
//
// # Memory
//
// Where the heap is small, the garbage collector is what a request costs most:
// without it, 8 connections × 32 streams made 360,000 requests a second instead of
// 250,000. It runs once for so many allocated bytes, in however many pieces. So a
// stream itself holds only what every stream needs for as long as anything refers
// to it. The rest is pooled: buffers, field sections, items of queues, places in a
// scheduler, condition variables. What a program may keep is not pooled: the
// Request, its context, the ResponseWriter and the Body. A server uses our part of the
// stream behind them again, once the handler has returned, the stream has closed and
// nobody can be about to use it (http2/server_stream_free.go). A client does not.
//
// # Rejected
//
// EXPERIMENTS.md has what was tried, with figures and reasons. These are the ideas
// that a newcomer is likely to try again:
//
//   - The reader runs the handler: one that blocks would hold up every other
//     stream.
//   - The reader waits for readiness instead of reading again: Close would wait for
//     hooks.
//   - The reader of a body is woken once much has come: streams of messages would
//     wait.
//   - A window is announced at half of it, not a quarter: no difference.
//   - A Body takes what was read without a copy: what it saves, more wakes cost.
//   - Smaller pieces in a writev: a tenth more CPU time for a download.
//   - One event loop for all connections: handlers may block, and everything here
//     belongs to one connection.
package conn
