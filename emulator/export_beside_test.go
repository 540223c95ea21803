package emulator

// BesideAddresses are those that the TLS door for wrangler listens on.
func (e *Emulator) BesideAddresses() []string {
	var out []string
	for _, l := range e.besideRun.listeners {
		out = append(out, l.Addr().String())
	}
	return out
}
