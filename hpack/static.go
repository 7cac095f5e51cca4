package hpack

// staticTable is RFC 7541 appendix A. Indices start at 1.
var staticTable = [...]HeaderField{
	1:  {Name: ":authority"},
	2:  {Name: ":method", Value: "GET"},
	3:  {Name: ":method", Value: "POST"},
	4:  {Name: ":path", Value: "/"},
	5:  {Name: ":path", Value: "/index.html"},
	6:  {Name: ":scheme", Value: "http"},
	7:  {Name: ":scheme", Value: "https"},
	8:  {Name: ":status", Value: "200"},
	9:  {Name: ":status", Value: "204"},
	10: {Name: ":status", Value: "206"},
	11: {Name: ":status", Value: "304"},
	12: {Name: ":status", Value: "400"},
	13: {Name: ":status", Value: "404"},
	14: {Name: ":status", Value: "500"},
	15: {Name: "accept-charset"},
	16: {Name: "accept-encoding", Value: "gzip, deflate"},
	17: {Name: "accept-language"},
	18: {Name: "accept-ranges"},
	19: {Name: "accept"},
	20: {Name: "access-control-allow-origin"},
	21: {Name: "age"},
	22: {Name: "allow"},
	23: {Name: "authorization"},
	24: {Name: "cache-control"},
	25: {Name: "content-disposition"},
	26: {Name: "content-encoding"},
	27: {Name: "content-language"},
	28: {Name: "content-length"},
	29: {Name: "content-location"},
	30: {Name: "content-range"},
	31: {Name: "content-type"},
	32: {Name: "cookie"},
	33: {Name: "date"},
	34: {Name: "etag"},
	35: {Name: "expect"},
	36: {Name: "expires"},
	37: {Name: "from"},
	38: {Name: "host"},
	39: {Name: "if-match"},
	40: {Name: "if-modified-since"},
	41: {Name: "if-none-match"},
	42: {Name: "if-range"},
	43: {Name: "if-unmodified-since"},
	44: {Name: "last-modified"},
	45: {Name: "link"},
	46: {Name: "location"},
	47: {Name: "max-forwards"},
	48: {Name: "proxy-authenticate"},
	49: {Name: "proxy-authorization"},
	50: {Name: "range"},
	51: {Name: "referer"},
	52: {Name: "refresh"},
	53: {Name: "retry-after"},
	54: {Name: "server"},
	55: {Name: "set-cookie"},
	56: {Name: "strict-transport-security"},
	57: {Name: "transfer-encoding"},
	58: {Name: "user-agent"},
	59: {Name: "vary"},
	60: {Name: "via"},
	61: {Name: "www-authenticate"},
}

// staticTableLen is the number of entries, and so the index of the last one; the dynamic
// table's first entry comes right after it (RFC 7541 §2.3.3).
const staticTableLen = len(staticTable) - 1

// staticNames is a perfect hash of the static table's names: at a name's slot, its entries, which
// are neighbours.
var staticNames = buildStaticNames()

type staticEntries struct{ first, last uint8 }

const staticNameSlots = 128

// staticNameSlot has factors by which no two names of the static table meet.
func staticNameSlot(name string) uint {
	return (3*uint(len(name)) + 54*uint(name[0]) + 59*uint(name[len(name)-1])) % staticNameSlots
}

func buildStaticNames() (slots [staticNameSlots]staticEntries) {
	for i := 1; i <= staticTableLen; i++ {
		slot := &slots[staticNameSlot(staticTable[i].Name)]
		if slot.first == 0 {
			slot.first = uint8(i)
		}
		slot.last = uint8(i)
	}
	return slots
}

// searchStatic looks a field up in the static table. Where only the name is found, index is
// that of the last entry with this name; where not even that, it is 0.
func searchStatic(name, value string) (index uint64, exact bool) {
	entries := searchStaticEntries(name)
	if entries.first == 0 {
		return 0, false
	}
	for i := entries.first; i <= entries.last; i++ {
		if staticTable[i].Value == value {
			return uint64(i), true
		}
	}
	return uint64(entries.last), false
}

// searchStaticName returns the index of the last entry with this name, or 0.
func searchStaticName(name string) uint64 {
	return uint64(searchStaticEntries(name).last)
}

// searchStaticEntries returns the entries with this name, or zeros.
func searchStaticEntries(name string) staticEntries {
	if name == "" {
		return staticEntries{}
	}
	entries := staticNames[staticNameSlot(name)]
	if staticTable[entries.first].Name != name {
		return staticEntries{}
	}
	return entries
}
