package isolate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"github.com/cfemu/cfemu/emulator/worker"
)

// wrapper is what stands before the bundle, on a line of its own: the async function that gives it
// top-level await, and the engine's own names.
const wrapper = "(async function (__cfemu) { \"use strict\"; const __cfemuAdd = __cfemu.add;\n"

// compile wraps the bundle, edits around what goja lacks, and compiles it. The source map follows both.
func (b *bundle) compile(code string, mapping []byte) (*goja.Program, error) {
	var sm sourceMap
	if err := json.Unmarshal(mapping, &sm); err != nil {
		return nil, fmt.Errorf("source map of the bundle: %w", err)
	}
	for n, src := range sm.Sources {
		sm.Sources[n] = strings.TrimPrefix(src, moduleSpace+":")
	}
	lines, err := sm.decode()
	if err != nil {
		return nil, fmt.Errorf("source map of the bundle: %w", err)
	}
	places := &places{code: code, sources: sm.Sources, lines: lines}
	edits, refusals := workarounds(code, func(at int) string { return places.find(at).File })
	if len(refusals) > 0 {
		return nil, b.refuse(refusals, places)
	}
	if len(edits) > 0 {
		shift(lines, code, edits)
		sm.encode(lines)
		code = apply(code, edits)
	}
	sm.Mappings = ";" + countFromOne(sm.Mappings) // after the wrapper's line
	if mapping, err = json.Marshal(sm); err != nil {
		return nil, fmt.Errorf("source map of the bundle: %w", err)
	}
	source := wrapper + code + "\n})\n//# sourceMappingURL=" + mapName + "\n"
	places.code = code
	ast, err := parser.ParseFile(nil, scriptName, source, 0, parser.WithSourceMapLoader(func(string) ([]byte, error) { return mapping, nil }))
	if err != nil {
		return nil, b.parseError(err, places)
	}
	program, err := goja.CompileAST(ast, false)
	if err != nil {
		return nil, b.parseError(err, places)
	}
	return program, nil
}

const unsupportedHint = "the embedded engine does not know this syntax (docs/COMPATIBILITY.md lists what it lacks)"

// parseError is for syntax that esbuild lets pass and goja does not.
func (b *bundle) parseError(err error, places *places) error {
	e := &worker.BuildError{Message: err.Error(), Hint: unsupportedHint}
	var (
		list     parser.ErrorList
		compiler *goja.CompilerSyntaxError
	)
	switch {
	case errors.As(err, &list) && len(list) > 0:
		// The parser has not looked at the source map yet.
		pos := places.findAt(list[0].Position.Line-1-strings.Count(wrapper, "\n"), list[0].Position.Column-1)
		e.File, e.Line, e.Column, e.Message = pos.File, pos.Line, pos.Column, list[0].Message
	case errors.As(err, &compiler) && compiler.File != nil:
		pos := compiler.File.Position(compiler.Offset)
		e.File, e.Line, e.Column, e.Message = pos.Filename, pos.Line, pos.Column, compiler.Message
	default:
		return e
	}
	b.showLine(e)
	return e
}

// refuse is for what workarounds knows to have no remedy.
func (b *bundle) refuse(refusals []refusal, places *places) error {
	first := refusals[0]
	pos := places.find(first.at)
	e := &worker.BuildError{File: pos.File, Line: pos.Line, Column: pos.Column, Message: first.message, Hint: first.hint}
	if more := len(refusals) - 1; more > 0 {
		e.Message += fmt.Sprintf(" (and %d more)", more)
	}
	b.showLine(e)
	return e
}

// showLine adds the source line to an error that has its place in a module.
func (b *bundle) showLine(e *worker.BuildError) {
	if lines := strings.Split(string(b.modules[e.File].Content), "\n"); e.Line > 0 && e.Line <= len(lines) {
		e.SourceLine = strings.TrimRight(lines[e.Line-1], "\r")
	}
	b.originate(e)
}

// places finds where in the modules a place in the bundle comes from.
type places struct {
	code    string
	sources []string
	lines   [][]mapping
}

func (p *places) find(at int) worker.Frame {
	start := strings.LastIndexByte(p.code[:at], '\n') + 1
	column := 0
	for k := start; k < at; {
		size, units := runeUnits(p.code[k:])
		k += size
		column += units
	}
	return p.findAt(strings.Count(p.code[:at], "\n"), column)
}

// findAt is find by line and column, both from 0.
func (p *places) findAt(row, column int) worker.Frame {
	if row < 0 || row >= len(p.lines) {
		return worker.Frame{}
	}
	var found worker.Frame
	for _, s := range p.lines[row] {
		if s.column > column {
			break
		}
		if s.fields >= 3 && s.source < len(p.sources) {
			found = worker.Frame{File: p.sources[s.source], Line: s.line + 1, Column: s.sourceColumn + 1}
		}
	}
	return found
}
