package isolate

import (
	"strings"

	"github.com/dop251/goja"
)

func (i *isolate) format(args []goja.Value) string {
	var parts []string
	for _, a := range args {
		parts = append(parts, i.inspect(a))
	}
	return strings.Join(parts, " ")
}

func (i *isolate) inspect(v goja.Value) string { return v.String() }

func (i *isolate) printTable(call goja.FunctionCall) { i.print("log", call.Arguments) }
