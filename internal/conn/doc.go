// Package conn is the I/O shell around a session: it reads frames, writes
// batches, runs handlers and keeps the clocks. One engine serves both roles;
// what a server does with a request, or a client with a response, is behind
// [Side].
//
// # Who owns what
//
//   - The reader goroutine owns the input buffer, the HPACK decoder and the
//     assembly of field sections. It never writes to the socket: two peers that
//     both block in a write would wait for each other for ever.
//   - Conn.mu guards the session and everything said to be guarded by it. It is
//     never held across a socket write, HPACK, a handler, a hook or logging; the
//     one exception is a user's write scheduler, which has been promised it.
//   - The writer role is a token, not a goroutine (Conn.writing). Whoever has it
//     owns the HPACK encoder, the batch and the output buffer. A handler's
//     goroutine takes it when its handler has returned and nothing is queued
//     behind it, and then writes its own response without waking anybody. In
//     every other case it goes to the standby writer, which takes the whole
//     batch that has come together by then: a goroutine in the middle of a
//     handler must not be stuck in a socket write, or it could not honour its
//     own deadline, and the reader must read.
//
// A stream's receive buffer has a mutex of its own; the lock order is Conn.mu,
// then the buffer's.
//
// # Handlers
//
// Requests that arrive in one read are queued and one worker is woken for all
// of them. A worker that starts a handler while others wait wakes at most one
// more worker, and only if no wake is under way: short handlers are run one
// after the other by a goroutine that is awake already, and a handler that
// blocks never holds up another.
//
// A client has no workers: who wants a response queues the request, which wakes
// the standby writer, and waits; the reader brings the answer.
//
// Every goroutine belongs to its connection: workers and the standby writer end
// with it, or when it has been idle for a while.
package conn
