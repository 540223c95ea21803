package bundle

import (
	"crypto/sha1"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/cfemu/cfemu/emulator/worker"
)

// requireNamespace holds the modules that stand in for a require() of what stays outside the bundle:
// an ES module cannot require at run time, but it can import.
const requireNamespace = "cfemu-require"

// resolving marks a resolution that the plugin itself asked for.
type resolving struct{}

// plugin decides what becomes of each import that is not simply a file to bundle, and notes down all
// files that are read.
func (b *Builder) plugin() api.Plugin {
	return api.Plugin{Name: "cfemu", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			if _, own := args.PluginData.(resolving); own || args.Kind == api.ResolveEntryPoint {
				return api.OnResolveResult{}, nil
			}
			return b.resolve(build, args)
		})
		build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "file"}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			b.run.input(args.Path)
			return api.OnLoadResult{}, nil
		})
		build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: requireNamespace}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			text := "import lib from " + quote(args.Path) + "; module.exports = lib;"
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS}, nil
		})
	}}
}

func (b *Builder) resolve(build api.PluginBuild, args api.OnResolveArgs) (api.OnResolveResult, error) {
	if args.Namespace == requireNamespace {
		return api.OnResolveResult{Path: args.Path, External: true}, nil
	}
	if target, ok := b.in.Alias[args.Path]; ok {
		return b.resolveAlias(build, args, target)
	}
	if r, ok := b.resolveBuiltin(args); ok {
		return r, nil
	}
	path, _, _ := strings.Cut(args.Path, "?")
	if m, ok := b.run.found[filepath.Join(args.ResolveDir, path)]; ok {
		return external("./"+m.Name, args.Kind), nil
	}
	rule, hidden := b.rules.match(args.Path)
	if rule == nil && hidden == nil {
		return api.OnResolveResult{}, nil
	}
	if rule == nil {
		return api.OnResolveResult{Errors: []api.Message{hidden.ignored(args.Path)}}, nil
	}
	if rule.javaScript() {
		return api.OnResolveResult{}, nil
	}
	found := build.Resolve(path, api.ResolveOptions{
		Importer: args.Importer, Namespace: args.Namespace, ResolveDir: args.ResolveDir, Kind: args.Kind,
		PluginData: resolving{},
	})
	if len(found.Errors) > 0 || found.External || found.Namespace != "file" {
		return api.OnResolveResult{}, nil // esbuild says the same again, with its place
	}
	return b.addModule(rule, path, found.Path, args.Kind)
}

// addModule makes the file at path a module of its own.
func (b *Builder) addModule(rule *compiledRule, specifier, path string, kind api.ResolveKind) (api.OnResolveResult, error) {
	b.run.input(path)
	content, err := os.ReadFile(path)
	if err != nil {
		return api.OnResolveResult{}, err
	}
	name := strings.TrimPrefix(filepath.ToSlash(specifier), "./")
	if !b.in.PreserveFileNames || strings.HasPrefix(name, "../") {
		// Receipt: wrangler 4.164.0, deployment-bundle/module-collection.ts: the name is made unique by
		// the SHA-1 of the content.
		sum := sha1.Sum(content)
		name = hex.EncodeToString(sum[:]) + "-" + filepath.Base(path)
	}
	b.run.module(worker.Module{Name: name, Type: rule.moduleType(), Content: content})
	return external("./"+name, kind), nil
}

// resolveAlias resolves target from the project's folder, as wrangler does.
func (b *Builder) resolveAlias(build api.PluginBuild, args api.OnResolveArgs, target string) (api.OnResolveResult, error) {
	if r, ok := b.resolveBuiltin(api.OnResolveArgs{Path: target, Kind: args.Kind}); ok {
		return r, nil
	}
	found := build.Resolve(target, api.ResolveOptions{
		ResolveDir: b.in.Dir, Kind: args.Kind, PluginData: resolving{},
	})
	if len(found.Errors) > 0 {
		if isPath(target) {
			b.run.input(candidates(filepath.Join(b.in.Dir, target))...)
		}
		return api.OnResolveResult{Errors: []api.Message{{
			Text:  "Could not resolve " + quote(target) + ", which \"alias\" puts in place of " + quote(args.Path),
			Notes: []api.Note{{Text: `let "alias" in the configuration name a file, relative to the project's folder as "./file", or an installed package`}},
		}}}, nil
	}
	return api.OnResolveResult{Path: found.Path, Namespace: found.Namespace, External: found.External}, nil
}

// external leaves an import in the bundle. A require becomes an import.
func external(specifier string, kind api.ResolveKind) api.OnResolveResult {
	if kind == api.ResolveJSRequireCall {
		return api.OnResolveResult{Path: specifier, Namespace: requireNamespace}
	}
	return api.OnResolveResult{Path: specifier, External: true}
}
