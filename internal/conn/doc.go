// Package conn is the I/O shell around a session: it reads frames, writes
// batches, runs handlers and keeps the clocks. One engine serves both roles;
// what a server does with a request, or a client with a response, is behind
// [Endpoint].
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
//   - Large pieces of a body stay their lender's, who waits for them. On a TCP
//     connection they are written from where they are. A lender who cannot wait
//     any longer, because of a reset or a deadline, calls Recall.
//
// A stream's receive buffer has a mutex of its own; the lock order is Conn.mu,
// then the buffer's.
//
// A Locked suffix, here and in http2, means that the caller holds Conn.mu, and only
// functions that it must hold it for have one. Three types of their own mutex use
// the suffix for that one: Body, and http2's upload and clientConnPool. [Conn.Unlock]
// only unlocks; [Conn.UnlockAndWake] also has what was queued under the lock happen.
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
// the standby writer, and waits; the reader brings the answer. The reader wakes
// those who wait once it has handed on everything that it has read, and the
// standby writer lets them run first: so responses that come together make
// requests that leave together.
//
// Every goroutine belongs to its connection: workers and the standby writer end
// with it, or when it has been idle for a while.
//
// # Memory
//
// Where the heap is small, the garbage collector is what a request costs most:
// without it, 8 connections × 32 streams made 360,000 requests a second instead of
// 250,000. It runs once for so many bytes that are allocated, whatever their
// number of pieces. So a stream has room for what every stream needs as long as somebody
// knows it, and the rest is used again: buffers, field sections, items of queues,
// places in a scheduler, condition variables. What a program may keep, the Request,
// its context, the ResponseWriter and the Body, is not; and neither is our part of
// the stream behind them, a sixth of what is left: a goroutine that outlives its
// handler would find another's request there.
//
// # What was tried and rejected
//
// Figures are CPU time a request on two cores, which the load generator shares,
// with Go 1.26.8: medians of runs that took turns, or, with "about", shares of a
// profile. Where they are above 600 µs, for uploads, h2load had but one thread, and
// was no faster than we are: whatever was saved, more was lost by going to sleep.
//
//   - A handler run by the reader, with a timer that has somebody else read if it
//     takes longer. It would save the wake of a worker, about 2 of 15 µs at one
//     stream a connection. But a handler that blocks delays whatever comes next
//     by the timer's time, and in a testing/synctest bubble, where no time passes
//     while others run, for ever.
//   - Changing places instead: the reader runs the handler, and a parked
//     goroutine, woken, becomes the reader. As many wakes as before.
//   - Not reading again after a read that has not filled its buffer, but waiting
//     for the socket to be ready: 16.9 → 15.2 µs at one stream a connection, 443 →
//     393 µs for a 1 MiB upload. But each Read of a net.Conn begins by forgetting
//     whether the socket has become ready since the last one; so all that a
//     connection reads, and what it does about it, would be one RawConn.Read. Close
//     waits for that to end: a hook or a Logger that needs a lock which the caller of
//     Close holds would wait for ever. And where a FIN has come with the data, there is
//     nothing left to wait for.
//   - System calls of our own on the descriptor, without telling the scheduler
//     of them: 15.3 → 15.0 µs at one stream a connection, and nothing on TLS or
//     at 32 streams.
//   - Waking the reader of a request's body only when 64 KiB have come: 610 → 577
//     µs for a 1 MiB upload, and a stream of messages would wait for ever.
//   - Announcing a window when half of it has been consumed, not a quarter: no
//     difference for a 1 MiB upload (784 and 800 µs).
//   - Handing what has been read to the request's Body without a copy: 683 → 689 µs
//     for a 1 MiB upload. 50 fewer in the program, and 50 more in the kernel: whoever
//     is done sooner is woken more often.
//   - SO_RCVLOWAT, for more of an upload with each wake: not built. Where the client
//     is no faster than we are, our threads go to sleep and are woken about 20 times for
//     1 MiB (x/net's, busy all the time, 5 times): 810 µs, and 535 where it is faster. But
//     what a peer sends before it waits for us would be held back, until a timer: another
//     millisecond for every message.
//   - Letting other goroutines run (runtime.Gosched) before the next read of bulk
//     data: no difference. Sleeping before it, so that more comes with each read,
//     would be the way to fewer wakes, of which there is one for each 16 KiB that
//     h2load writes; but the runtime's shortest sleep is 1 ms on an idle machine.
//   - 64 KiB instead of 256 in one writev: 317 → 351 µs for a 1 MiB download. Copying
//     them into the output buffer: 382 µs.
//   - A read buffer of 128 KiB always, instead of after a read that filled 32: no
//     difference for a 1 MiB upload, and four times the memory of a busy connection.
//   - A client's standby writer being patient only while four streams or more are
//     open: 67 → 76 µs at one request in flight, where it was to help.
//   - At 64 requests in flight: writing at most 16 of them at a time, or waking those
//     who wait 16 responses at a time, so that server and client overlap more: 7.7
//     → 8.2 and 8.9 µs, and 5 and 10 % fewer requests. Sending over the pool's first
//     connection without a reservation, for two locks less: no difference.
//   - RoundTrip waiting on a sync.WaitGroup, not a channel of its own: a tenth fewer
//     bytes allocated for a GET, 8.2 and 8.4 µs, and 5 % fewer requests at 64 in flight.
//   - The standby writer of a server letting others run first, as a client's does:
//     no better, and perhaps worse at one stream a connection. Handlers gather
//     without it.
//   - An event loop for all connections, as nghttpd and hyper have it, would take
//     a goroutine that belongs to no connection, and handlers that never block.
package conn
