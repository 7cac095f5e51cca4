package sched

// ParseRFC9218 reads a Priority field or the value in a PRIORITY_UPDATE frame (RFC 9218 §4), a dictionary of
// structured fields. Parameters that it does not know, and those of another type or out of range, are ignored. If
// the field is not a dictionary, ok is false and the other results are the defaults.
func ParseRFC9218(field string) (urgency uint8, incremental bool, ok bool) {
	urgency = DefaultUrgency
	d := dictionary{text: field}
	for d.next() {
		switch {
		case d.key == "u" && d.value.kind == integerItem && 0 <= d.value.number && d.value.number < urgencies:
			urgency = uint8(d.value.number)
		case d.key == "i" && d.value.kind == booleanItem:
			incremental = d.value.number == 1
		}
	}
	if d.malformed {
		return DefaultUrgency, false, false
	}
	return urgency, incremental, true
}
