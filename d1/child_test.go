package d1

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// childRole says, in the environment, what the test binary is when a test has started it again;
// childDir is the folder it works in.
const (
	childRole = "CFEMU_D1_CHILD"
	childDir  = "CFEMU_D1_CHILD_DIR"
)

// TestMain lets the test binary be a process that a test limits or kills.
func TestMain(m *testing.M) {
	roles := map[string]func(dir string) error{
		"writer":    writeForever,
		"traveller": travelForever,
		"short":     writeWithLimit,
		"nobody":    useAsNobody,
	}
	if role := os.Getenv(childRole); role != "" {
		if err := roles[role](os.Getenv(childDir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func childProcess(role, dir string, env ...string) *exec.Cmd {
	child := exec.Command(os.Args[0])
	child.Env = append(append(os.Environ(), childRole+"="+role, childDir+"="+dir), env...)
	child.Stderr = os.Stderr
	return child
}
