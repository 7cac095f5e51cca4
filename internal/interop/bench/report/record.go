package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
)

// A Record is what one run of bench writes to a file.
type Record struct {
	Began    time.Time          `json:"began"`
	Machine  *processes.Machine `json:"machine"`
	Versions map[string]string  `json:"versions"`
	Command  []string           `json:"command"`
	Missing  []string           `json:"missing,omitempty"`
	Loads    map[string]string  `json:"loads"` // of each scenario, what it does
	Samples  []measure.Sample   `json:"samples"`
}

// Write writes the record to a file.
func (r *Record) Write(name string) error {
	out, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(out, '\n'), 0o666)
}

// ReadRecord reads the record in a file.
func ReadRecord(name string) (*Record, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := new(Record)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if r.Machine == nil || len(r.Samples) == 0 {
		return nil, fmt.Errorf("%s: this is not a file that bench wrote", name)
	}
	return r, nil
}

// rounds are the samples of each round, one after the other: servers that are compared took turns in it.
func (r *Record) rounds() [][]measure.Sample {
	of := make(map[int][]measure.Sample)
	for _, s := range r.Samples {
		of[s.Round] = append(of[s.Round], s)
	}
	var rounds [][]measure.Sample
	for _, n := range slices.Sorted(maps.Keys(of)) {
		rounds = append(rounds, of[n])
	}
	return rounds
}
