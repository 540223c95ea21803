package node

import (
	_ "embed"
	"fmt"
	"strings"
)

// absentNames lists the functions and classes that a Worker may import and this engine does not have:
// npm packages import many of them without calling any.
//
//go:embed js/absent.txt
var absentNames string

// absent is absentNames by module. Each line is a module's name, a colon and the names of what it
// exports; a line that begins with a space goes on with the one before.
func absent() map[string][]string {
	all := map[string][]string{}
	for _, line := range strings.Split(strings.ReplaceAll(absentNames, "\n ", " "), "\n") {
		if name, names, ok := strings.Cut(line, ":"); ok {
			all[name] = strings.Fields(names)
		}
	}
	return all
}

// absentSource is the text of a module of which nothing is there but the names.
func absentSource(name string, names []string) string {
	var b strings.Builder
	b.WriteString("import { absent } from 'node:internal/absent';\n")
	for _, n := range names {
		fmt.Fprintf(&b, "export const %s = absent(%q, %[1]q);\n", n, name)
	}
	fmt.Fprintf(&b, "export default { %s };\n", strings.Join(names, ", "))
	return b.String()
}
