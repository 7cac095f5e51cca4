// Package ingressnginx is without Kubernetes: whoever configures it gets an error.
package ingressnginx

import (
	"errors"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/safe"
)

// ProviderName is what Traefik calls it.
const ProviderName = "kubernetesingressnginx"

// Provider provides nothing.
type Provider struct {
	NonTLSEntryPoints                      []string
	WatchNamespace, WatchNamespaceSelector string
}

// Init returns an error.
func (*Provider) Init() error { return errors.New("this Traefik was built without Kubernetes") }

// Provide returns an error.
func (p *Provider) Provide(chan<- dynamic.Message, *safe.Pool) error { return p.Init() }
