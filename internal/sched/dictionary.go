package sched

import (
	"strings"
	"unicode/utf8"
)

// dictionary reads a dictionary of structured fields (RFC 9651 §4.2.2), a member with each call of next. Only
// the values that a Priority field can use are kept; the rest is checked, as one error makes the field worthless.
type dictionary struct {
	text      string // what is left
	begun     bool
	malformed bool

	// The last member read.
	key   string
	value item
}

// item is a bare item: an integer, a boolean (0 or 1), or something else.
type item struct {
	kind   itemKind
	number int64
}

type itemKind uint8

const (
	otherItem itemKind = iota
	integerItem
	booleanItem
)

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	alpha  = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

// next reads a member. It returns false at the end and at an error.
func (d *dictionary) next() bool {
	if !d.begun {
		d.begun = true
		d.skip(" ")
	} else {
		d.skip(" \t")
		if d.text != "" {
			d.expect(',')
			d.skip(" \t")
			if d.text == "" {
				d.fail() // a comma after the last member
			}
		}
	}
	if d.text == "" {
		return false
	}
	d.key = d.readKey()
	d.value = item{booleanItem, 1}
	switch {
	case !d.take('='):
	case d.take('('):
		d.value = item{}
		d.readInnerList()
	default:
		d.value = d.readBareItem()
	}
	d.readParameters()
	return !d.malformed
}

// fail ends the reading.
func (d *dictionary) fail() {
	d.malformed = true
	d.text = ""
}

func (d *dictionary) skip(chars string) { d.text = strings.TrimLeft(d.text, chars) }

// peek returns the next byte, or 0 at the end, which no structured field contains.
func (d *dictionary) peek() byte {
	if d.text == "" {
		return 0
	}
	return d.text[0]
}

// take reads c if it is next.
func (d *dictionary) take(c byte) bool {
	if d.text == "" || d.text[0] != c {
		return false
	}
	d.text = d.text[1:]
	return true
}

func (d *dictionary) expect(c byte) {
	if !d.take(c) {
		d.fail()
	}
}

// span reads as many bytes out of chars as there are.
func (d *dictionary) span(chars string) string {
	rest := strings.TrimLeft(d.text, chars)
	read := d.text[:len(d.text)-len(rest)]
	d.text = rest
	return read
}

func (d *dictionary) readKey() string {
	if !strings.Contains(lower+"*", string(rune(d.peek()))) {
		d.fail()
	}
	return d.span(lower + digits + "_-.*")
}

func (d *dictionary) readParameters() {
	for d.take(';') {
		d.skip(" ")
		d.readKey()
		if d.take('=') {
			d.readBareItem()
		}
	}
}

// readInnerList reads a list of items after its opening parenthesis.
func (d *dictionary) readInnerList() {
	for {
		d.skip(" ")
		if d.take(')') {
			return
		}
		d.readBareItem()
		d.readParameters()
		if c := d.peek(); c != ' ' && c != ')' {
			d.fail()
			return
		}
	}
}

func (d *dictionary) readBareItem() item {
	switch c := d.peek(); {
	case c == '-' || '0' <= c && c <= '9':
		return d.readNumber()
	case c == '*' || c != 0 && strings.IndexByte(alpha, c) >= 0:
		d.span(alpha + digits + "!#$%&'*+-.^_`|~:/")
	case d.take('?'):
		value := item{kind: booleanItem}
		if d.take('1') {
			value.number = 1
		} else {
			d.expect('0')
		}
		return value
	case d.take('"'):
		d.readString()
	case d.take(':'):
		d.span(alpha + digits + "+/=")
		d.expect(':')
	case d.take('@'):
		if d.readNumber().kind != integerItem {
			d.fail()
		}
	case d.take('%'):
		d.expect('"')
		d.readDisplayString()
	default:
		d.fail()
	}
	return item{}
}

// readNumber reads an integer of at most 15 digits, or a decimal of at most 12 and 3 digits (RFC 9651 §4.2.4).
func (d *dictionary) readNumber() item {
	negative := d.take('-')
	whole := d.span(digits)
	if whole == "" || len(whole) > 15 {
		d.fail()
		return item{}
	}
	if d.take('.') {
		fraction := d.span(digits)
		if len(whole) > 12 || fraction == "" || len(fraction) > 3 {
			d.fail()
		}
		return item{}
	}
	value := item{kind: integerItem}
	for _, c := range []byte(whole) {
		value.number = value.number*10 + int64(c-'0')
	}
	if negative {
		value.number = -value.number
	}
	return value
}

// readString reads a string after its opening quote.
func (d *dictionary) readString() {
	for d.text != "" {
		c := d.text[0]
		d.text = d.text[1:]
		switch {
		case c == '"':
			return
		case c == '\\':
			if !d.take('"') {
				d.expect('\\')
			}
		case c < 0x20 || c >= 0x7f:
			d.fail()
		}
	}
	d.fail()
}

// readDisplayString reads a string of percent-encoded UTF-8 after its opening quote.
func (d *dictionary) readDisplayString() {
	const hex = digits + "abcdef"
	var decoded []byte
	for d.text != "" {
		c := d.text[0]
		d.text = d.text[1:]
		switch {
		case c == '"':
			if !utf8.Valid(decoded) {
				d.fail()
			}
			return
		case c == '%' && len(d.text) >= 2:
			high, low := strings.IndexByte(hex, d.text[0]), strings.IndexByte(hex, d.text[1])
			if high < 0 || low < 0 {
				d.fail()
				return
			}
			decoded = append(decoded, byte(high<<4|low))
			d.text = d.text[2:]
		case c == '%' || c < 0x20 || c >= 0x7f:
			d.fail()
		default:
			decoded = append(decoded, c)
		}
	}
	d.fail()
}
