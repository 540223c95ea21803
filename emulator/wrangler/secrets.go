package wrangler

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// secretSource reads the files that hold a project's secrets.
type secretSource struct {
	cfg  *Config
	o    LoadOptions
	warn func(Warning)
}

// load sets cfg.Secrets and puts --var in place. A name that is both a variable and in a file is a
// secret; --var beats both.
// Receipt: wrangler 4.164.0, dev/dev-vars.ts
func (s secretSource) load() error {
	loaded, where, err := s.read()
	if err != nil {
		return err
	}
	cfg := s.cfg
	cfg.Secrets = map[string]string{}
	taken := cfg.bindingNames()
	for name, value := range loaded {
		isVar := slices.ContainsFunc(cfg.Vars, func(v Var) bool { return v.Name == name })
		if cfg.declaresSecrets && !isVar && !slices.Contains(cfg.RequiredSecrets, name) {
			continue // whoever declares secrets gets only these
		}
		if taken[name] {
			s.warn(Warning{File: where, Message: fmt.Sprintf("%q is ignored: a binding has that name", name), Hint: "rename one of them"})
			continue
		}
		cfg.Secrets[name] = value
	}
	var missing []string
	for _, name := range cfg.RequiredSecrets {
		if _, ok := loaded[name]; !ok && s.o.Vars[name] == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		s.warn(Warning{File: filepath.Base(cfg.File), Message: "required secrets are missing: " + strings.Join(missing, ", "),
			Hint: fmt.Sprintf(`add %s="…" to .dev.vars or .env, or set the environment variable`, missing[0])})
	}
	cfg.Vars = slices.DeleteFunc(cfg.Vars, func(v Var) bool {
		_, secret := cfg.Secrets[v.Name]
		_, given := s.o.Vars[v.Name]
		return secret || given
	})
	for _, name := range slices.Sorted(maps.Keys(s.o.Vars)) {
		delete(cfg.Secrets, name)
		cfg.Vars = append(cfg.Vars, Var{Name: name, Text: s.o.Vars[name]})
	}
	return nil
}

// read returns what the files say, and the name of one of them for messages.
func (s secretSource) read() (loaded map[string]string, where string, err error) {
	if len(s.o.EnvFiles) == 0 {
		names := []string{".dev.vars"}
		if s.cfg.Env != "" {
			names = []string{".dev.vars." + s.cfg.Env, ".dev.vars"}
		}
		for _, name := range names {
			pairs, ok, err := s.file(filepath.Join(s.cfg.Dir, name))
			if err != nil {
				return nil, "", err
			}
			if ok {
				return s.plain(pairs), name, nil
			}
		}
	}
	if s.o.Getenv("CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV") == "false" {
		return nil, "", nil
	}
	files := s.o.EnvFiles
	if len(files) == 0 {
		files = []string{".env", ".env.local"}
		if s.cfg.Env != "" {
			// Wrangler's documentation puts .env.local above .env.NAME; its code, which counts, does not.
			files = append(files, ".env."+s.cfg.Env, ".env."+s.cfg.Env+".local")
		}
	}
	var all []pair
	for _, name := range files {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.cfg.Dir, path)
		}
		pairs, ok, err := s.file(path)
		if err != nil {
			return nil, "", err
		}
		if !ok && len(s.o.EnvFiles) > 0 {
			s.warn(Warning{File: name, Message: "the file that --env-file names is not there", Hint: "paths are relative to the folder of the configuration"})
		}
		all = append(all, pairs...)
	}
	return s.expanded(all), files[len(files)-1], nil
}

// plain is what .dev.vars files mean: every value as it stands.
func (s secretSource) plain(pairs []pair) map[string]string {
	out := map[string]string{}
	for _, p := range pairs {
		out[p.key] = p.value
	}
	return out
}

// expanded is what .env files mean: later files win, $NAME is replaced, and the process's environment
// counts where it is asked for.
func (s secretSource) expanded(pairs []pair) map[string]string {
	process := s.processEnv()
	merged := s.plain(pairs)
	out := maps.Clone(process)
	done := map[string]string{}
	for _, p := range pairs {
		if _, ok := done[p.key]; ok {
			continue
		}
		value := merged[p.key]
		if given := process[p.key]; given != "" {
			value = given
		} else {
			value = expand(value, func(name string) string {
				if v, ok := process[name]; ok {
					return v
				}
				return done[name]
			})
		}
		done[p.key] = value
		out[p.key] = value
	}
	return out
}

// processEnv is the process's environment as far as it counts: all of it when asked for, the declared
// names when secrets are declared.
func (s secretSource) processEnv() map[string]string {
	out := map[string]string{}
	if s.o.Getenv("CLOUDFLARE_INCLUDE_PROCESS_ENV") == "true" && s.o.Environ != nil {
		for _, line := range s.o.Environ() {
			if name, value, ok := strings.Cut(line, "="); ok && name != "" {
				out[name] = value
			}
		}
		return out
	}
	if !s.cfg.declaresSecrets {
		return out
	}
	names := slices.Clone(s.cfg.RequiredSecrets)
	for _, v := range s.cfg.Vars {
		names = append(names, v.Name)
	}
	for _, name := range names {
		if value := s.o.Getenv(name); value != "" {
			out[name] = value
		}
	}
	return out
}

// file reads one dotenv file; ok is false when there is none.
func (s secretSource) file(path string) (pairs []pair, ok bool, err error) {
	s.cfg.Inputs = append(s.cfg.Inputs, path)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	name := s.rel(path)
	if err != nil {
		return nil, false, &Error{File: name, Message: "the file cannot be read: " + err.Error()}
	}
	src := newSource(name, data)
	src.text = normalized(src.text)
	pairs = parseDotenv(src.text, func(offset int) {
		w := src.at(offset, "this line is ignored: it is no NAME=value", "comments begin with #; values of several lines stand in quotes")
		w.SourceLine = "" // it may hold a part of a secret
		s.warn(Warning(*w))
	})
	return pairs, true, nil
}

func (s secretSource) rel(path string) string {
	if rel, err := filepath.Rel(s.cfg.Dir, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}

// bindingNames are the names of env that are neither variables nor secrets.
func (c *Config) bindingNames() map[string]bool {
	out := map[string]bool{}
	for _, name := range c.taken {
		out[name] = true
	}
	return out
}
