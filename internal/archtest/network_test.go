package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// dialers are the names by which the standard library reaches other machines.
var dialers = map[string][]string{
	"http": {"Get", "Head", "Post", "PostForm", "DefaultClient", "DefaultTransport", "Client", "Transport"},
	"net":  {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "DialUnix", "Dialer"},
	"tls":  {"Dial", "DialWithDialer", "Dialer"},
	"smtp": {"Dial", "SendMail"},
}

// mayDial are the packages that may: a Worker's fetch, under its rules, and the command, which asks the
// control door of its own cfemu. emulator/client.go does that for it; emulatortest and workertest are tests' own.
var mayDial = []string{"emulator/outbound", "cmd/cfemu", "emulator/emulatortest", "emulator/worker/workertest", "emulator"}

// The control door cannot be made to fetch an address: nothing behind it can reach one.
func TestOnlyFetchReachesOut(t *testing.T) {
	fset := token.NewFileSet()
	seen := map[string]bool{}
	for _, f := range files(t) {
		if strings.HasSuffix(f.name, "_test.go") || strings.HasPrefix(f.dir, "fixtures") {
			continue
		}
		parsed, err := parser.ParseFile(fset, filepath.Join(root, f.dir, f.name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			for _, name := range dialers[pkg.Name] {
				if sel.Sel.Name != name {
					continue
				}
				seen[f.dir] = true
				if !slices.Contains(mayDial, f.dir) || f.dir == "emulator" && f.name != "client.go" && f.name != "direct.go" {
					t.Errorf("%s reaches out by %s.%s", fset.Position(sel.Pos()), pkg.Name, name)
				}
			}
			return true
		})
	}
	for _, dir := range mayDial {
		if !seen[dir] {
			t.Errorf("%s reaches nobody: it need not be allowed to", dir)
		}
	}
}
