// Package jsregexp rewrites regular expressions of today's JavaScript into those that goja compiles:
// \p{…} and the set notation of the v flag become ranges, modifiers such as (?i:…) are worked out,
// groups that share a name lose it. What goja can run in linear time before stays so afterwards.
//
// It knows Unicode's categories and scripts from Go's tables (Unicode 15), the other properties from a
// table of its own. Nothing here has state; all functions may be called at once.
package jsregexp
