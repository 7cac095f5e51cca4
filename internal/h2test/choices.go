package h2test

import "math/rand/v2"

// Choices returns a random generator whose numbers the octets of data determine, one octet each, so that a fuzzer can
// change single decisions. left is how many octets have not been used. After the last, the numbers are always the same.
func Choices(data []byte) (r *rand.Rand, left func() int) {
	c := &choices{data: data, rest: rand.NewPCG(1, 2)}
	return rand.New(c), func() int { return len(c.data) }
}

type choices struct {
	data []byte
	rest rand.Source // when data is used up: a constant would be rejected for ever by Rand's methods
}

func (c *choices) Uint64() uint64 {
	if len(c.data) == 0 {
		return c.rest.Uint64()
	}
	b := c.data[0]
	c.data = c.data[1:]
	return uint64(b) * 0x0101010101010101 // Rand takes some numbers from the high bits and some from the low ones
}
