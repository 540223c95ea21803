package idl

import (
	"testing"

	"github.com/dop251/goja"
)

func BenchmarkNew(b *testing.B) {
	r := NewRealm(goja.New())
	c := Define(r, "Counter", 0, func(goja.ConstructorCall) *counter { return &counter{} })
	b.ReportAllocs()
	for b.Loop() {
		c.New(&counter{})
	}
}
