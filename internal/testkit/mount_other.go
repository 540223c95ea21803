//go:build !linux

package testkit

import (
	"errors"
	"testing"
)

// MountSmall puts a small file system onto a directory, where that can be done.
func MountSmall(*testing.T, string, int) error { return errors.New("only Linux has tmpfs") }
