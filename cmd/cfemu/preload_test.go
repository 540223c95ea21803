package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cfemu/cfemu/emulator"
)

func TestBesideEnv(t *testing.T) {
	dir := t.TempDir()
	ours, theirs := filepath.Join(dir, "ca.pem"), filepath.Join(t.TempDir(), "theirs.pem")
	for path, content := range map[string]string{ours: "ours", theirs: "theirs"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	joined := filepath.Join(dir, "node-extra-ca-certs.pem")
	for name, tt := range map[string]struct {
		environ    []string
		run        emulator.Run
		name, want string
	}{
		"the script":                      {nil, emulator.Run{Preload: "/p/x.cjs"}, "NODE_OPTIONS", `--require "/p/x.cjs"`},
		"in a path with blanks and signs": {nil, emulator.Run{Preload: `/my "p\x/x.cjs`}, "NODE_OPTIONS", `--require "/my \"p\\x/x.cjs"`},
		"after the options that are there": {[]string{"NODE_OPTIONS=--inspect", "X=1"}, emulator.Run{Preload: "/p/x.cjs"},
			"NODE_OPTIONS", `--inspect --require "/p/x.cjs"`},
		"not twice": {[]string{`NODE_OPTIONS=--require "/p/x.cjs" --inspect`}, emulator.Run{Preload: "/p/x.cjs"},
			"NODE_OPTIONS", `--require "/p/x.cjs" --inspect`},
		"the certificate":                       {nil, emulator.Run{Authority: ours}, "NODE_EXTRA_CA_CERTS", ours},
		"with the one that is there":            {[]string{"NODE_EXTRA_CA_CERTS=" + theirs}, emulator.Run{Authority: ours}, "NODE_EXTRA_CA_CERTS", joined},
		"that is ours already":                  {[]string{"NODE_EXTRA_CA_CERTS=" + joined}, emulator.Run{Authority: ours}, "NODE_EXTRA_CA_CERTS", ours},
		"that is not, and is of no use to Node": {[]string{"NODE_EXTRA_CA_CERTS=/nothing"}, emulator.Run{Authority: ours}, "NODE_EXTRA_CA_CERTS", ours},
		"nothing when remote bindings are off":  {[]string{"NODE_OPTIONS=--inspect"}, emulator.Run{}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := besideEnv(tt.environ, tt.run)
			if err != nil {
				t.Fatal(err)
			}
			if tt.name == "" && len(got) != 0 || tt.name != "" && (len(got) != 1 || got[tt.name] != tt.want) {
				t.Errorf("got %v, want %s=%s", got, tt.name, tt.want)
			}
		})
	}
	if b, err := os.ReadFile(joined); err != nil || string(b) != "theirs\nours" {
		t.Errorf("both certificates: %q %v", b, err)
	}
}
