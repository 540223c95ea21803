package host

import "slices"

// A Flag is a compatibility flag: the name that turns a behaviour on, the one that turns it off, and the
// date from which it is on by itself ("" for never).
type Flag struct{ Name, Off, Since string }

// EnabledBy reports whether a compatibility date and flags turn f on.
func (f Flag) EnabledBy(date string, flags []string) bool {
	switch {
	case slices.Contains(flags, f.Off):
		return false
	case slices.Contains(flags, f.Name):
		return true
	}
	return f.Since != "" && date >= f.Since
}
