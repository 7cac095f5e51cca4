package types

import (
	"context"

	"go.opentelemetry.io/otel/sdk/resource"
)

// K8sAttributesDetector finds nothing: this Traefik was built without Kubernetes.
type K8sAttributesDetector struct{}

// Detect returns the empty resource.
func (K8sAttributesDetector) Detect(context.Context) (*resource.Resource, error) {
	return resource.Empty(), nil
}
