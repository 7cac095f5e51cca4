package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// A proxy is a well-known program that can be built and started.
type proxy struct {
	name   string // of the folder with the module that builds it
	title  string
	module string // that is published
	main   string // the package to build
	tool   string // what puts this project's HTTP/2 there
	// prepare completes a copy of the module.
	prepare func(ctx context.Context, module string) error
	// configure writes a configuration to a folder, and returns the arguments that name it.
	configure func(dir string, s site) ([]string, error)
}

// A site is what a proxy is to do: each call goes to backend, and each header of a response is flushed at once.
type site struct {
	listen, backend string // addresses
	tls             bool
	cert, key       string // files
}

var proxies = []proxy{
	{
		name: "caddy", title: "Caddy", module: "github.com/caddyserver/caddy/v2", main: ".",
		tool: "replacexnet", configure: configureCaddy,
	},
	{
		name: "traefik", title: "Traefik", module: "github.com/traefik/traefik/v3", main: "github.com/traefik/traefik/v3/cmd/traefik",
		tool: "replacestd", prepare: prepareTraefik, configure: configureTraefik,
	},
}

type object = map[string]any

func configureCaddy(dir string, s site) ([]string, error) {
	server := object{
		"listen":          []string{s.listen},
		"protocols":       []string{"h1", "h2", "h2c"},
		"automatic_https": object{"disable": true},
		"routes": []object{{"handle": []object{{
			"handler":        "reverse_proxy",
			"flush_interval": -1,
			"transport":      object{"protocol": "http", "versions": []string{"h2c", "2"}},
			"upstreams":      []object{{"dial": s.backend}},
		}}}},
	}
	apps := object{"http": object{"servers": object{"proxy": server}}}
	if s.tls {
		server["tls_connection_policies"] = []object{{}}
		apps["tls"] = object{"certificates": object{"load_files": []object{{"certificate": s.cert, "key": s.key}}}}
	}
	name, err := writeJSON(dir, "caddy.json", object{
		"admin":   object{"disabled": true, "config": object{"persist": false}},
		"logging": object{"logs": object{"default": object{"level": "ERROR"}}},
		"apps":    apps,
	})
	return []string{"run", "--config", name}, err
}

func configureTraefik(dir string, s site) ([]string, error) {
	router := object{"rule": "PathPrefix(`/`)", "service": "backend"}
	config := object{"http": object{
		"routers": object{"all": router},
		"services": object{"backend": object{"loadBalancer": object{
			"servers":            []object{{"url": "h2c://" + s.backend}},
			"responseForwarding": object{"flushInterval": "-1ns"},
		}}},
	}}
	if s.tls {
		router["tls"] = object{}
		config["tls"] = object{"certificates": []object{{"certFile": s.cert, "keyFile": s.key}}}
	}
	// JSON is YAML. A traefik.yml in the folder would be taken for the other configuration, in the place of the flags.
	name, err := writeJSON(dir, "routes.yml", config)
	return []string{
		"--entrypoints.web.address=" + s.listen, "--providers.file.filename=" + name, "--providers.file.watch=false",
		"--global.checknewversion=false", "--global.sendanonymoususage=false", "--log.level=ERROR",
	}, err
}

func writeJSON(dir, name string, v any) (string, error) {
	encoded, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return "", err
	}
	name = filepath.Join(dir, name)
	if err := os.WriteFile(name, encoded, 0o600); err != nil {
		return "", fmt.Errorf("the configuration: %w", err)
	}
	return name, nil
}
