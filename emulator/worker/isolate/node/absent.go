package node

import (
	_ "embed"
	"fmt"
	"strings"
)

// absentNames lists the functions and classes that a Worker may import and this engine does not have:
// npm packages import many of them without calling any. Each line is a module's name, a colon and what
// it exports; a line that begins with a space goes on with the one before. NAME is a function that
// throws when it is called, NAME=VALUE a value and NAME@MODULE the default export of another module.
//
//go:embed js/absent.txt
var absentNames string

// absent is absentNames by module.
func absent() map[string][]string {
	all := map[string][]string{}
	for _, line := range strings.Split(strings.ReplaceAll(absentNames, "\n ", " "), "\n") {
		if name, exports, ok := strings.Cut(line, ":"); ok {
			all[name] = strings.Fields(exports)
		}
	}
	return all
}

// absentSource is the text of a module that exports those.
func absentSource(name string, exports []string) string {
	var b strings.Builder
	var names []string
	b.WriteString("import { absent } from 'node:internal/absent';\n")
	for _, e := range exports {
		if n, value, ok := strings.Cut(e, "="); ok {
			names = append(names, n)
			fmt.Fprintf(&b, "export const %s = %s;\n", n, value)
		} else if n, module, ok := strings.Cut(e, "@"); ok {
			names = append(names, n)
			fmt.Fprintf(&b, "import %s from 'node:%s'; export { %[1]s };\n", n, module)
		} else {
			names = append(names, e)
			fmt.Fprintf(&b, "export const %s = absent(%q, %[1]q);\n", e, name)
		}
	}
	fmt.Fprintf(&b, "export default { %s };\n", strings.Join(names, ", "))
	return b.String()
}
