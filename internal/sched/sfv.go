package sched

// ParseRFC9218 reads the value of a Priority field (RFC 9218 §4).
func ParseRFC9218(field string) (urgency uint8, incremental bool, ok bool) {
	return DefaultUrgency, false, false
}
