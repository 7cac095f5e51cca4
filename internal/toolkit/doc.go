// Package toolkit is what the commands that put this project's HTTP/2 elsewhere have in common: a command line and its
// exit status, running the go command, folders of files and how they differ, what a command made earlier, this
// project's source, edits at byte offsets, and a line for each step.
package toolkit
