//go:build !linux

package d1

import (
	"errors"
	"testing"
)

func mountSmall(*testing.T, string, int) error { return errors.New("only Linux has tmpfs") }
