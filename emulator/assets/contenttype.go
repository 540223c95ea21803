package assets

import (
	_ "embed"
	"path"
	"strings"
	"sync"
)

// typesText holds a MIME type a line, and after it the extensions of its files.
//
// Receipt: the types that wrangler 4.164.0 uploads assets with, mime 4.0.7
//
//go:embed types.txt
var typesText string

var types = sync.OnceValue(func() map[string]string {
	m := make(map[string]string, 1300)
	for line := range strings.Lines(typesText) {
		words := strings.Fields(line)
		for _, ext := range words[1:] {
			m[ext] = words[0]
		}
	}
	return m
})

// contentType is the type that a file is served with; "" is none.
func contentType(file string) string {
	t := types()[strings.ToLower(extension(file))]
	if strings.HasPrefix(t, "text/") {
		t += "; charset=utf-8"
	}
	return t
}

// extension is what follows a name's last dot; a name's first byte begins none.
func extension(file string) string {
	name := path.Base(file)
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[i+1:]
	}
	return ""
}
