package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cfemu/cfemu/emulator"
)

// besideEnv are the variables by which the remote bindings of wrangler, and of what is built on it,
// find run. They add to what environ has in them. The error is that of writing authorities into one file.
func besideEnv(environ []string, run emulator.Run) (map[string]string, error) {
	switch {
	case run.Preload != "":
		option := "--require " + quoteNodeOption(run.Preload)
		old := lookup(environ, "NODE_OPTIONS")
		if strings.Contains(old, option) { // an outer cfemu exec of the same project
			return map[string]string{"NODE_OPTIONS": old}, nil
		}
		return map[string]string{"NODE_OPTIONS": strings.TrimSpace(old + " " + option)}, nil
	case run.Authority != "":
		file, err := joinAuthorities(lookup(environ, "NODE_EXTRA_CA_CERTS"), run.Authority)
		return map[string]string{"NODE_EXTRA_CA_CERTS": file}, err
	}
	return nil, nil
}

// quoteNodeOption quotes a value as NODE_OPTIONS has it: in double quotes, in which a backslash
// takes the next character as it is.
func quoteNodeOption(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// joinAuthorities returns a file that holds the certificates of both: Node.js reads one only. An old
// one that is ours already, or cannot be read, as Node.js would not read it either, counts as none.
func joinAuthorities(old, ours string) (string, error) {
	joined := filepath.Join(filepath.Dir(ours), "node-extra-ca-certs.pem")
	if old == "" || old == ours || old == joined {
		return ours, nil
	}
	theirs, err := os.ReadFile(old)
	if err != nil {
		return ours, nil
	}
	own, err := os.ReadFile(ours)
	if err != nil {
		return "", fmt.Errorf("read cfemu's certificate: %w", err)
	}
	if err := os.WriteFile(joined, append(append(theirs, '\n'), own...), 0o644); err != nil {
		return "", fmt.Errorf("write the certificates for Node.js: %w", err)
	}
	return joined, nil
}
