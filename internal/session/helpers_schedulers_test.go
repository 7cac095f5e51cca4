package session

import "h2fork.example/net/internal/sched"

// schedulers are all that may decide the order of output.
var schedulers = []struct {
	name string
	use  func(*Config)
}{
	{"round robin", func(c *Config) { c.Policy = sched.NewRoundRobin() }},
	{"RFC 9218", func(c *Config) { c.Policy = sched.NewRFC9218() }},
	{"RFC 7540", func(c *Config) { c.Policy = sched.NewRFC7540(sched.RFC7540Config{}) }},
	{"random", func(c *Config) { c.Policy = sched.NewRandom() }},
	{"external", func(c *Config) { c.Policy, c.External = nil, newFakeExternal() }},
}
