package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

func TestACallThatIsBrokenOnOursIsAnError(t *testing.T) {
	results := append(plan(program{proxy: proxies[0], with: asItIs}, 10), plan(program{proxy: proxies[0], with: proxies[0].tool}, 10)...)
	results[0].broken = 1
	if err := verdict(results); err != nil {
		t.Errorf("a broken call of the proxy as it is: %v", err)
	}
	results[len(results)-1].broken = 2
	if err := verdict(results); err == nil || !strings.Contains(err.Error(), "TLS, 16 in flight: 2 of 10 calls are broken") {
		t.Errorf("two broken calls of the other: %v", err)
	}
}

func TestTheTableHasSharesAndRates(t *testing.T) {
	results := plan(program{proxy: proxies[0], version: "v1", with: asItIs}, 200)
	results[1].broken, results[1].took = 3, 2*time.Second
	if got, want := tableOf(results, true), "| Caddy v1 | as it is | h2c | 16 | 200 | 3 | 1.50 % | 100 |  |"; !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
}

func TestAConfigurationNamesBackendAndCertificate(t *testing.T) {
	for _, p := range proxies {
		for _, overTLS := range []bool{false, true} {
			dir := t.TempDir()
			args, err := p.configure(dir, site{listen: "127.0.0.1:1", backend: "127.0.0.1:2", tls: overTLS, cert: "cert.pem", key: "key.pem"})
			if err != nil {
				t.Fatal(err)
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 1 {
				t.Fatalf("%s has %d files, %v", p.name, len(entries), err)
			}
			content, err := os.ReadFile(dir + "/" + entries[0].Name())
			if err != nil || !json.Valid(content) {
				t.Fatalf("%s has %q, %v", p.name, content, err)
			}
			all := string(content) + strings.Join(args, " ")
			for _, want := range []string{"127.0.0.1:1", "127.0.0.1:2", entries[0].Name(), "-1"} {
				if !strings.Contains(all, want) {
					t.Errorf("%s, TLS %v: no %q in %s", p.name, overTLS, want, all)
				}
			}
			if strings.Contains(all, "cert.pem") != overTLS {
				t.Errorf("%s, TLS %v: a certificate or none in %s", p.name, overTLS, all)
			}
		}
	}
}
