// Package dns knows no DNS service. The one whose place it takes knows two hundred, and a dozen of them need modules that the
// module proxies refuse.
package dns

import (
	"fmt"

	"github.com/go-acme/lego/v5/challenge"
)

// NewDNSChallengeProviderByName returns an error.
func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, fmt.Errorf("no DNS service is known here: %q", name)
}
