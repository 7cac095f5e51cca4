package main

import "testing"

func TestMain(*testing.M) { main() }
