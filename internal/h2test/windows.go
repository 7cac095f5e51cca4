package h2test

import (
	"fmt"

	"h2fork.example/net/internal/wire"
)

// windows are what a Peer has granted the other side and has not been used yet (RFC 9113 §5.2). When a change of
// INITIAL_WINDOW_SIZE takes effect isn't known before the acknowledgement, so the largest announced counts.
type windows struct {
	initial int64
	conn    int64
	streams map[uint32]int64 // on top of initial
}

func newWindows() windows {
	return windows{initial: wire.DefaultWindow, conn: wire.DefaultWindow, streams: make(map[uint32]int64)}
}

// sent takes note of what a frame from the Peer grants.
func (w *windows) sent(f Frame) {
	switch f.Type {
	case wire.WindowUpdate:
		n, err := wire.ParseWindowUpdate(f.Header, f.Payload)
		if err != nil {
			return
		}
		if f.StreamID == 0 {
			w.conn += int64(n)
		} else {
			w.streams[f.StreamID] += int64(n)
		}
	case wire.Settings:
		s, err := wire.ParseSettings(f.Header, f.Payload)
		if err != nil {
			return
		}
		for i := range s.Len() {
			if s := s.At(i); s.ID == wire.SettingInitialWindowSize {
				w.initial = max(w.initial, int64(s.Val))
			}
		}
	}
}

// received takes a DATA frame off the windows.
func (w *windows) received(d wire.DataFrame) error {
	w.conn -= int64(d.Length)
	w.streams[d.StreamID] -= int64(d.Length)
	if w.conn < 0 {
		return fmt.Errorf("DATA exceeds the connection's flow-control window by %d bytes (RFC 9113 §5.2.1)", -w.conn)
	}
	if left := w.initial + w.streams[d.StreamID]; left < 0 {
		return fmt.Errorf("DATA exceeds stream %d's flow-control window by %d bytes (RFC 9113 §5.2.1)", d.StreamID, -left)
	}
	return nil
}
