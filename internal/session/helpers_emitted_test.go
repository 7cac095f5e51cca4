package session

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// fieldSection returns a section of names and values.
func fieldSection(pairs ...string) *Section {
	sec := NewSection()
	for i := 0; i < len(pairs); i += 2 {
		sec.Fields = append(sec.Fields, hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return sec
}

// headers is HEADERS from the peer, with a field section from the static table.
func headers(id uint32, end bool) []byte {
	const methodGet, statusOK = 0x82, 0x88
	fragment := []byte{methodGet, statusOK}
	return wire.AppendHeaders(nil, wire.HeadersParam{StreamID: id, EndStream: end, EndHeaders: true, Fragment: fragment})
}

// emit emits until nothing is left and describes the frames.
func (e *endpoint) emit() []string {
	e.t.Helper()
	var frames []string
	for range 10000 {
		p := e.emitBytes(1 << 16)
		if len(p) == 0 {
			return frames
		}
		frames = append(frames, describeAll(p)...)
	}
	e.t.Fatal("emission does not end")
	return nil
}

// emitBytes emits one batch as bytes.
func (e *endpoint) emitBytes(budget int) []byte {
	e.t.Helper()
	var b Batch
	if e.Probing() {
		e.Probe(e.now)
	}
	e.Emit(&b, budget)
	p := e.encode(&b)
	e.ReturnLent(&b)
	if e.cfg.Role == Client && !e.peer.settings && len(p) > 0 {
		rest, ok := bytes.CutPrefix(p, []byte(wire.Preface))
		if !ok {
			e.t.Fatalf("a client begins with %q (RFC 9113 §3.4)", p)
		}
		p = rest
	}
	if err := e.peer.received(p); err != nil {
		all := describeAll(p)
		e.t.Fatalf("%v\nin %q", err, all[:min(20, len(all))])
	}
	e.check()
	return p
}

// encode turns a batch into bytes.
func (e *endpoint) encode(b *Batch) []byte {
	if b.TableChanged {
		e.enc.SetMaxDynamicTableSize(b.TableMin)
		e.enc.SetMaxDynamicTableSize(b.TableSize)
	}
	var p []byte
	for i := range b.Ops {
		switch op := &b.Ops[i]; {
		case op.Section != nil:
			p = e.appendSection(p, op, b.MaxFrame)
			op.Section.Free()
		case op.Data != nil:
			p = append(p, op.Data...)
			if op.Buf != nil {
				op.Buf.Free()
			}
		default:
			p = append(p, b.Raw[op.From:op.To]...)
		}
	}
	return p
}

func (e *endpoint) appendSection(p []byte, op *Op, maxFrame int) []byte {
	e.encBuf.Reset()
	for _, f := range op.Section.Fields {
		e.enc.WriteField(f)
	}
	block := e.encBuf.Bytes()
	room := maxFrame - 4 // for the promised stream's identifier
	first := block[:min(room, len(block))]
	block = block[len(first):]
	if op.Promised != 0 {
		p = wire.AppendPushPromise(p, wire.PushPromiseParam{StreamID: op.StreamID, PromiseID: op.Promised, EndHeaders: len(block) == 0, Fragment: first})
	} else {
		p = wire.AppendHeaders(p, wire.HeadersParam{StreamID: op.StreamID, EndStream: op.EndStream, EndHeaders: len(block) == 0, Fragment: first})
	}
	for len(block) > 0 {
		n := min(maxFrame, len(block))
		p = wire.AppendContinuation(p, op.StreamID, n == len(block), block[:n])
		block = block[n:]
	}
	return p
}

// describe is a frame in a few words.
func describe(h wire.Header, p []byte) string {
	end := ""
	if (h.Type == wire.Data || h.Type == wire.Headers) && h.Flags.Has(wire.FlagEndStream) {
		end = " END_STREAM"
	}
	ack := ""
	if h.Flags.Has(wire.FlagAck) {
		ack = " ACK"
	}
	switch h.Type {
	case wire.Data:
		return fmt.Sprintf("DATA(%d) %d%s", h.StreamID, h.Length, end)
	case wire.Settings:
		return "SETTINGS" + ack
	case wire.Ping:
		return fmt.Sprintf("PING%s %s", ack, p)
	case wire.WindowUpdate:
		n, _ := wire.ParseWindowUpdate(h, p)
		return fmt.Sprintf("WINDOW_UPDATE(%d) %d", h.StreamID, n)
	case wire.RSTStream:
		code, _ := wire.ParseRSTStream(h, p)
		return fmt.Sprintf("RST_STREAM(%d) %v", h.StreamID, code)
	case wire.GoAway:
		f, _ := wire.ParseGoAway(h, p)
		return fmt.Sprintf("GOAWAY %d %v", f.LastStreamID, f.Code)
	case wire.PushPromise:
		f, _ := wire.ParsePushPromise(h, p)
		return fmt.Sprintf("PUSH_PROMISE(%d) %d", h.StreamID, f.PromiseID)
	}
	return fmt.Sprintf("%v(%d)%s", h.Type, h.StreamID, end)
}

func describeAll(p []byte) []string {
	var all []string
	for len(p) > 0 {
		h := wire.ParseHeader(p)
		all = append(all, describe(h, p[wire.HeaderLen:][:h.Length]))
		p = p[wire.HeaderLen+int(h.Length):]
	}
	return all
}

// want compares what was emitted.
func (e *endpoint) want(why string, frames ...string) {
	e.t.Helper()
	if got := e.emit(); !slices.Equal(got, frames) {
		e.t.Errorf("%s:\n got %q\nwant %q", why, got, frames)
	}
}

// verdict is an error in a few words.
func verdict(err error) string {
	switch err := err.(type) {
	case nil:
		return "ok"
	case *wire.StreamError:
		return "stream " + err.Code.String()
	case *wire.ConnError:
		return "connection " + err.Code.String()
	}
	return err.Error()
}

func wantVerdict(t *testing.T, err error, want string) {
	t.Helper()
	if got := verdict(err); got != want {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
}
