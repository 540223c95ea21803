// Package archtest holds the floor plan of cfemu as tests: which package may import which, one
// package comment per package, and a line in docs/COMPATIBILITY.md for every deviation that the
// code admits to. A rule is a test or it is a wish.
package archtest
