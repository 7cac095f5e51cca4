package main

import "h2fork.example/net/internal/toolkit"

// A manifest is what the tree's folder says about itself.
type manifest struct {
	toolkit.Manifest
	XNet string `json:"golang.org/x/net"` // the version

	// GoModBefore is the user's go.mod without the directive; GoModAfter is the SHA-256 of what we made of it. As
	// long as the file has not been changed since, it can be put back as it was, to the byte.
	GoModBefore string `json:"goModBefore"`
	GoModAfter  string `json:"goModAfter"`
}

// An installed tree is one that we made earlier.
type installed = toolkit.Made[manifest]
