package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator"
)

// nasty are values that a shell would take apart if it were let.
var nasty = []string{
	"plain", "", " two  words ", "it's", `"double"`, "$HOME ${HOME} $(id) `id`", `back\slash\\ \n`, "*?[a] ~ #!&|;<>(){}", "‘curly’ ‚low‛", "ünïcode→", "'", "''", `\'`, "a=b",
}

// Each shell that is here says back what it was told.
func TestShellsTakeEveryValue(t *testing.T) {
	for name, shell := range map[string]struct {
		program      []string
		syntax, show string
	}{
		"sh":   {[]string{"sh", "-c"}, "sh", `; printf '<%s>' "$VALUE"; printf ' %s' "${GONE-unset}"`},
		"bash": {[]string{"bash", "--norc", "-uc"}, "sh", `; printf '<%s>' "$VALUE"; printf ' %s' "${GONE-unset}"`},
		"fish": {[]string{"fish", "--no-config", "-c"}, "fish", `; printf '<%s>' "$VALUE"; set -q GONE; or printf ' unset'`},
		"pwsh": {[]string{"pwsh", "-NoProfile", "-Command"}, "powershell", `; [Console]::Out.Write("<$Env:VALUE>"); if ($null -eq $Env:GONE) { [Console]::Out.Write(" unset") }`},
	} {
		t.Run(name, func(t *testing.T) {
			program, err := exec.LookPath(shell.program[0])
			if err != nil {
				t.Logf("no %s here: TestQuoting has its rules", name)
				return
			}
			for _, value := range nasty {
				var script bytes.Buffer
				if err := shells[shell.syntax](&script, environment{map[string]string{"VALUE": value}, []string{"GONE"}}); err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(program, append(shell.program[1:], strings.TrimSuffix(script.String(), "\n")+shell.show)...)
				cmd.Env = append(cmd.Environ(), "GONE=here")
				out, err := cmd.CombinedOutput()
				if want := "<" + value + "> unset"; err != nil || string(out) != want {
					t.Errorf("%s\nsays %s (%v), want %s", script.String(), out, err, want)
				}
			}
		})
	}
}

// What the shells' own manuals say of quoting, for machines that lack them.
func TestQuoting(t *testing.T) {
	for shell, values := range map[string]map[string]string{
		"sh":         {"it's": `export V='it'\''s'`, `a\b`: `export V='a\b'`, "$x": `export V='$x'`},
		"fish":       {"it's": `set -gx V 'it\'s'`, `a\b`: `set -gx V 'a\\b'`, "$x": `set -gx V '$x'`},
		"powershell": {"it's": `$Env:V = 'it''s'`, `a\b`: `$Env:V = 'a\b'`, "$x": `$Env:V = '$x'`, "‘’": `$Env:V = '‘‘’’'`},
		"dotenv":     {`a\b`: `V='a\b'`, "$x #y": `V='$x #y'`},
	} {
		for value, want := range values {
			var out bytes.Buffer
			if err := shells[shell](&out, environment{set: map[string]string{"V": value}}); err != nil || strings.TrimSuffix(out.String(), "\n") != want {
				t.Errorf("%s: %q becomes %s (%v), want %s", shell, value, out.String(), err, want)
			}
		}
	}
	for shell, value := range map[string]string{"sh": "a\nb", "fish": "a\rb", "powershell": "a\x00b", "dotenv": "it's"} {
		if err := shells[shell](&bytes.Buffer{}, environment{set: map[string]string{"V": value}}); err == nil {
			t.Errorf("%s: %q is written", shell, value)
		}
	}
}

func TestJSONSaysWhatToTakeOut(t *testing.T) {
	var out bytes.Buffer
	if err := shells["json"](&out, environment{map[string]string{"A": "a\n<"}, []string{"B"}}); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got["A"] != "a\n<" || len(got) != 2 || got["B"] != nil {
		t.Errorf("got %s (%v)", out.String(), err)
	}
}

// The token is a dummy that stays good when cfemu starts again, unless the door asks for the real one.
func TestTokenOfTheEnvironment(t *testing.T) {
	run := emulator.Run{ControlURL: "http://127.0.0.1:1", Token: "SECRET"}
	if got := mustEnvironment(t, run, nil, "").set["CLOUDFLARE_API_TOKEN"]; got != "cfemu" {
		t.Errorf("got %q", got)
	}
	run.TokenAsked = true
	if got := mustEnvironment(t, run, nil, "").set["CLOUDFLARE_API_TOKEN"]; got != "SECRET" {
		t.Errorf("asked for: got %q", got)
	}
	if env := mustEnvironment(t, run, []string{"NO_PROXY=corp.example,localhost"}, forWrangler); env.set["NO_PROXY"] != "corp.example,127.0.0.1,localhost,::1" || env.set["CFEMU_TOKEN"] != "" {
		t.Errorf("for wrangler: %v", env.set)
	}
}

func mustEnvironment(t *testing.T, run emulator.Run, environ []string, audience string) environment {
	t.Helper()
	env, err := environmentOf(run, environ, audience)
	if err != nil {
		t.Fatal(err)
	}
	return env
}
