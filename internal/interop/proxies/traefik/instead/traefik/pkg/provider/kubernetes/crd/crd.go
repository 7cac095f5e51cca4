// Package crd is without Kubernetes: whoever configures it gets an error.
package crd

import (
	"errors"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/provider/kubernetes/gateway"
	"github.com/traefik/traefik/v3/pkg/safe"
)

// ProviderName is what Traefik calls it.
const ProviderName = "kubernetescrd"

// Provider provides nothing.
type Provider struct{}

// FillExtensionBuilderRegistry does nothing.
func (*Provider) FillExtensionBuilderRegistry(*gateway.Provider) {}

// Init returns an error.
func (*Provider) Init() error { return errors.New("this Traefik was built without Kubernetes") }

// Provide returns an error.
func (p *Provider) Provide(chan<- dynamic.Message, *safe.Pool) error { return p.Init() }
