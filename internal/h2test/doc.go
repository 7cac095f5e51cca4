// Package h2test is what tests of connections stand on: an in-memory net.Conn that lives in testing/synctest bubbles
// and misbehaves on demand, and a peer that speaks in single frames.
//
// A test is a script of what the peer sends and what it wants to be sent, each with the sentence that demands it:
//
//	synctest.Test(t, func(t *testing.T) {
//		client, server := h2test.Pipe()
//		go serve(server)
//		p := h2test.NewPeer(t, client)
//		p.IgnoreFields("date")
//		p.Greet()
//		p.Request(1, h2test.EndStream, ":path", "/hello")
//		p.Want("a response without content is a single frame",
//			h2test.HeadersFrame(1, h2test.EndStream, ":status", "204"))
//		p.WantNothing("the stream is closed")
//	})
//
// A test that fails prints the conversation, a line for each frame.
package h2test

// What reads better than true and false where an endStream is asked for.
const (
	EndStream = true
	KeepOpen  = false
)
