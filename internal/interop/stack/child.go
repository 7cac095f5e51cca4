package stack

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

// A Child is this program again, in a process of its own: what it holds and what it uses up is a server's alone. It
// greets, then answers one question, as often as it is asked.
type Child struct {
	answers   *json.Decoder
	ask, stop func()
}

// StartChild starts the program with one more environment variable, NAME=value, that makes it call [ServeChild], and
// reads its greeting.
func StartChild(variable string, greeting any) (*Child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), variable)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &Child{answers: json.NewDecoder(out)}
	c.ask = func() { in.Write([]byte("\n")) } // a child that is gone does not answer
	c.stop = func() {
		in.Close()
		cmd.Wait()
	}
	if err := c.answers.Decode(greeting); err != nil {
		c.stop()
		return nil, fmt.Errorf("%s: the server did not say where it listens: %w", variable, err)
	}
	return c, nil
}

// Ask asks, and puts the answer into what answer points to.
func (c *Child) Ask(answer any) error {
	c.ask()
	return c.answers.Decode(answer)
}

// Stop ends the child.
func (c *Child) Stop() { c.stop() }

// ServeChild is what a child does: it greets, and answers until its input ends.
func ServeChild[T any](greeting any, answer func() T) error {
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(greeting); err != nil {
		return err
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		if err := out.Encode(answer()); err != nil {
			return err
		}
	}
	return in.Err()
}
