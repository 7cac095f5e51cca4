// Package ext stands for one that is in Traefik's repository and in none of its published modules: a hook for builds
// that add fields to its configuration.
package ext

// HTTP has nothing to add to what there is once.
type HTTP struct{}

// Router has nothing to add to a router.
type Router struct{}
