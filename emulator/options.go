package emulator

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"runtime/debug"

	"github.com/cfemu/cfemu/emulator/control"
	"github.com/cfemu/cfemu/emulator/outbound"
	"github.com/cfemu/cfemu/emulator/preview"
)

// Options of Open. The zero value serves the project in the current folder as `cfemu up` does.
type Options struct {
	Project  string            // a folder, or a configuration file; empty: the current folder
	Env      string            // the environment of the configuration; empty: CLOUDFLARE_ENV, then the top level
	EnvFiles []string          // instead of the .env files of the project
	Vars     map[string]string // variables that win over the configuration's

	State     string // the state directory; empty: .cfemu/state in the project
	Ephemeral bool   // the state is in a temporary directory, not fsynced, and removed at Close
	Keep      bool   // with Ephemeral: do not remove it

	IP          string   // the address of the doors; empty: the configuration's dev.ip, then 127.0.0.1 and [::1]
	Port        *int     // of the Worker door; nil: the configuration's, then 8787 or the next free one
	ControlPort *int     // of the control door; nil: 8700 or the next free one
	S3Port      *int     // of the S3 door; nil: 8701 or the next free one
	AllowHosts  []string // further Host headers that the Worker door and the S3 door answer to

	// RequireToken makes all of the control door ask for the run's token, as it does by itself on an
	// address that others reach.
	RequireToken bool
	// MaxBody is how large a request's body may be at the Worker door, in bytes. Zero is what Cloudflare's
	// zones take, 100 MiB; negative is no limit.
	MaxBody int64

	Beside  preview.Way // how wrangler's remote bindings find their way here; empty: preview.Preload
	TLSPort *int        // of the door that preview.TLS opens; nil: 443, where wrangler calls

	Outbound outbound.Mode // what a Worker's fetch may reach; empty: outbound.Allow

	// CPUFactor is how many times its CPU limit a request may take in the embedded engine, which is
	// slower than production's. 1 is literal; zero: 20.
	CPUFactor int

	NoMigrate bool   // leave pending migrations
	Seed      string // the folder of seed files; empty: none. SeedDefault is the one beside the configuration
	Reseed    bool   // empty the products and load the seed again

	Watch    bool // reload when files change
	Announce bool // write .cfemu/run.json while serving
	// Strict makes Open fail when the code, a migration or a seed file is broken. Without it, Open
	// reports the error, and requests see it until a change mends it.
	Strict bool

	Reporter Reporter            // nil: nothing is shown
	Getenv   func(string) string // nil: an empty environment
	Environ  func() []string     // the same as a list; nil: empty
}

// ParseOutbound returns the outbound mode named s: allow, local or deny.
func ParseOutbound(s string) (outbound.Mode, error) { return outbound.ParseMode(s) }

// ParseBeside returns the way of wrangler's remote bindings named s: preload, tls or off.
func ParseBeside(s string) (preview.Way, error) {
	if w, ok := preview.ParseWay(s); ok {
		return w, nil
	}
	return "", fmt.Errorf("%q is none of preload, tls and off", s)
}

// AccountID is the account of the client/v4 API; any other id is taken for it.
const AccountID = control.AccountID

// SeedDefault is the seed folder of a project, when --seed names none.
const SeedDefault = "seed"

func (o *Options) fill() {
	if o.Project == "" {
		o.Project = "."
	}
	if o.MaxBody == 0 {
		o.MaxBody = maxBodyBytes
	}
	if o.Outbound == "" {
		o.Outbound = outbound.Allow
	}
	if o.Beside == "" {
		o.Beside = preview.Preload
	}
	if o.Reporter == nil {
		o.Reporter = discard{}
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Env == "" {
		o.Env = o.Getenv("CLOUDFLARE_ENV")
	}
}

// Version is the version of this cfemu, as it was built.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// boundIP is the address that a flag or the configuration names, or the zero Addr.
func boundIP(ip string) netip.Addr {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

// absolute is p below dir unless it is absolute already.
func absolute(dir, p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(dir, p)
}
