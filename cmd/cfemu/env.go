package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func newEnv(p process) *cobra.Command {
	var audience, shell string
	c := &cobra.Command{
		Use:   "env [PROJECT]",
		Short: "Print the variables that lead to the running cfemu",
		Long: `Print the environment variables by which wrangler, Cloudflare's SDKs and tests find the running cfemu
of a project, in the words of a shell. Variables that would lead to a real account, such as
CLOUDFLARE_API_KEY, are taken out of the shell.

With --shell json, an object of the variables to set; a variable to take out is null. With --shell
dotenv, lines for an env file, which can only set.`,
		Example: `  eval "$(cfemu env)"                   sh, bash, zsh
  eval "$(cfemu env --for s3)"          for aws, rclone, the AWS SDKs: R2's S3 endpoint
  cfemu env --shell fish | source
  cfemu env --shell powershell | Out-String | Invoke-Expression
  cfemu env --shell dotenv > .env.cfemu`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if shell == "" {
				shell = shellOf(p.getenv("SHELL"))
			}
			write, ok := shells[shell]
			if !ok {
				return &exitError{2, fmt.Errorf("--shell %q: there are %s", shell, strings.Join(sorted(shells), ", "))}
			}
			switch audience {
			case "", forWrangler, forS3:
			case forOpenAI:
				return errors.New("--for openai: cfemu has no REST endpoint for Workers AI yet, so there is no OPENAI_BASE_URL to set (docs/COMPATIBILITY.md). In a Worker, env.AI works")
			default:
				return &exitError{2, fmt.Errorf("--for %q: there are %s, %s and %s", audience, forWrangler, forOpenAI, forS3)}
			}
			run, err := findRunning(p, first(args))
			if err != nil {
				return err
			}
			env, err := environmentOf(*run, p.environ, audience)
			if err != nil {
				return err
			}
			return write(p.stdout, env)
		},
	}
	c.Flags().StringVar(&audience, "for", "", "print only what `WHO` needs: wrangler, openai or s3 (default all that there is)")
	c.Flags().StringVar(&shell, "shell", "", "the `SHELL` to write for: sh, fish, powershell, json or dotenv (default by $SHELL)")
	return c
}

// shellOf is the shell that the variable SHELL names, as far as its syntax goes.
func shellOf(path string) string {
	switch strings.TrimSuffix(filepath.Base(path), ".exe") {
	case "fish":
		return "fish"
	case "pwsh", "powershell":
		return "powershell"
	}
	return "sh"
}

// shells write an environment, each in its own words.
var shells = map[string]func(io.Writer, environment) error{
	"sh": func(w io.Writer, env environment) error {
		return writeLines(w, env, func(name string) string { return "unset " + name }, func(name, value string) string {
			return "export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'"
		})
	},
	"fish": func(w io.Writer, env environment) error {
		return writeLines(w, env, func(name string) string { return "set -e " + name }, func(name, value string) string {
			return "set -gx " + name + " '" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(value) + "'"
		})
	},
	"powershell": func(w io.Writer, env environment) error {
		return writeLines(w, env, func(name string) string { return "Remove-Item Env:" + name + " -ErrorAction SilentlyContinue" }, func(name, value string) string {
			// PowerShell ends a string at any of these, and takes each for the character when it is doubled.
			quoted := strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛").Replace(value)
			return "$Env:" + name + " = '" + quoted + "'"
		})
	},
	"dotenv": func(w io.Writer, env environment) error {
		for name, value := range env.set {
			if strings.Contains(value, "'") {
				return fmt.Errorf("the value of %s has a quote in it, which env files cannot be told: use --shell json", name)
			}
		}
		// Within single quotes nothing has a meaning; within the others most readers expand $.
		return writeLines(w, env, nil, func(name, value string) string { return name + "='" + value + "'" })
	},
	"json": func(w io.Writer, env environment) error {
		all := map[string]*string{}
		for _, name := range env.unset {
			all[name] = nil
		}
		for name, value := range env.set {
			all[name] = &value
		}
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(all)
	},
}

// writeLines writes a line for each variable: those to take out first. A nil unset leaves them out.
func writeLines(w io.Writer, env environment, unset func(name string) string, set func(name, value string) string) error {
	var lines []string
	if unset != nil {
		for _, name := range slices.Sorted(slices.Values(env.unset)) {
			lines = append(lines, unset(name))
		}
	}
	for _, name := range env.names() {
		if strings.ContainsAny(env.set[name], "\n\r\x00") {
			return fmt.Errorf("the value of %s is of several lines, which not every shell can be told", name)
		}
		lines = append(lines, set(name, env.set[name]))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}
