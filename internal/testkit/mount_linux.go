package testkit

import (
	"fmt"
	"syscall"
	"testing"
)

// MountSmall puts a file system of that many bytes onto dir until the test has ended.
func MountSmall(t *testing.T, dir string, size int) error {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return nil
}
