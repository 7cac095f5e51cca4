// Package ecs is without ECS: whoever configures it gets an error.
package ecs

import (
	"errors"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/safe"
)

// ProviderName is what Traefik calls it.
const ProviderName = "ecs"

// Provider provides nothing.
type Provider struct{}

// Init returns an error.
func (*Provider) Init() error { return errors.New("this Traefik was built without ECS") }

// Provide returns an error.
func (p *Provider) Provide(chan<- dynamic.Message, *safe.Pool) error { return p.Init() }
