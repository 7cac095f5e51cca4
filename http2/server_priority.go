package http2

import (
	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/wire"
)

// PriorityUpdate implements conn.Server (RFC 9218 §7.1).
func (sc *serverConn) PriorityUpdate(id uint32, field string) error {
	sc.priority.aware = true
	p, ok := sc.priority.parse(field)
	switch {
	case !ok && sc.c.IsIdle(id):
		// It is only advice, and there is no stream to reset.
	case !ok:
		return wire.StreamErrorf(id, wire.ProtocolError, "unparsable_priority_update", "PRIORITY_UPDATE with %q", field)
	case sc.priority.followed:
		sc.c.SetPriority(id, p)
	}
	return nil
}

// clientPriority is what a connection knows of RFC 9218.
type clientPriority struct {
	followed     bool // the scheduler follows priorities
	aware        bool // the client has sent a priority
	intermediary bool // a proxy is in between
}

// byDefault is the priority of a stream that asks for none. Until a client has sent
// a priority, its streams take turns, as without RFC 9218. So do those that come
// through a proxy, which may belong to several clients.
func (p *clientPriority) byDefault() sched.Priority {
	return sched.Priority{Urgency: sched.DefaultUrgency, Incremental: !p.aware || p.intermediary}
}

// parse is the priority that a field value asks for.
func (p *clientPriority) parse(field string) (sched.Priority, bool) {
	urgency, incremental, ok := sched.ParseRFC9218(field)
	if !ok {
		return p.byDefault(), false
	}
	return sched.Priority{Urgency: urgency, Incremental: incremental}, true
}

// ofRequest is the priority that a request asks for.
func (p *clientPriority) ofRequest(fields fieldList) sched.Priority {
	if !p.followed || p.intermediary {
		return p.byDefault()
	}
	field, asked := "", false
	for i := range fields {
		switch fields[i].Name {
		case "priority":
			field, asked, p.aware = fields[i].Value, true, true
		case "via", "forwarded", "x-forwarded-for":
			p.intermediary = true
		}
	}
	if !asked || p.intermediary {
		return p.byDefault()
	}
	prio, _ := p.parse(field)
	return prio
}
