package message

import (
	"net/http"
	"strings"
)

// maxCanonicalCache bounds the memory that the spelling of field names may take, in bytes: a peer that keeps
// inventing names would otherwise grow it for as long as the connection lasts (CVE-2021-44716, CVE-2022-41717).
const maxCanonicalCache = 2048

// canonicalEntryOverhead is about what a map keeps for an entry besides the two strings.
const canonicalEntryOverhead = 64

// A canonicalCache remembers how the names that one peer uses are spelled in an http.Header.
type canonicalCache struct {
	keys map[string]string // only valid names
	size int               // what keys is reckoned to hold, in bytes
}

// key returns the canonical spelling of name, or false if name is not valid on the wire.
func (c *canonicalCache) key(name string) (string, bool) {
	if key, ok := c.keys[name]; ok {
		return key, true
	}
	if !validName(name) {
		return "", false
	}
	key := http.CanonicalHeaderKey(name)
	size := 2*len(name) + canonicalEntryOverhead
	if c.size+size <= maxCanonicalCache {
		if c.keys == nil {
			c.keys = make(map[string]string)
		}
		// A copy: name may be part of something larger that must not be kept.
		c.keys[strings.Clone(name)] = key
		c.size += size
	}
	return key, true
}
