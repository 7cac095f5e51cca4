package conformance

// A sectionCount is how many key words a section of an RFC has, in its own text
// and without that of its subsections.
type sectionCount struct {
	section  string
	keywords int
}

// Counted once, in the RFCs' texts.
var rfc7541 = []sectionCount{
	{"2.1", 2}, {"2.3.2", 1}, {"2.3.3", 1},
	{"3.2", 1},
	{"4.2", 3},
	{"5.1", 1}, {"5.2", 3},
	{"6.1", 1}, {"6.2.3", 3}, {"6.3", 2},
	{"7.1.3", 2},
}
