// Package auth stands for Traefik's fork of go-http-auth, which module proxies refuse. It lets nobody in.
package auth

import "net/http"

// SecretProvider finds a user's secret.
type SecretProvider func(user, realm string) string

// CheckSecret is false: no secret is right.
func CheckSecret(password, secret string) bool { return false }

// BasicAuth refuses everybody.
type BasicAuth struct {
	Realm   string
	Secrets SecretProvider
}

// RequireAuth answers 401.
func (*BasicAuth) RequireAuth(w http.ResponseWriter, _ *http.Request) { refuse(w) }

// DigestAuth refuses everybody.
type DigestAuth struct{}

// NewDigestAuthenticator returns one.
func NewDigestAuthenticator(realm string, secrets SecretProvider) *DigestAuth {
	return new(DigestAuth)
}

// CheckAuth returns no user.
func (*DigestAuth) CheckAuth(*http.Request) (user string, info *string) { return "", nil }

// RequireAuth answers 401.
func (*DigestAuth) RequireAuth(w http.ResponseWriter, _ *http.Request) { refuse(w) }

// RequireAuthStale answers 401.
func (*DigestAuth) RequireAuthStale(w http.ResponseWriter, _ *http.Request) { refuse(w) }

// DigestAuthParams returns no parameters.
func DigestAuthParams(authorization string) map[string]string { return nil }

func refuse(w http.ResponseWriter) { w.WriteHeader(http.StatusUnauthorized) }
