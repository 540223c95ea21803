package emulator

import (
	"net/http"
	"net/netip"
	"regexp"
	"strings"

	"github.com/cfemu/cfemu/r2"
)

var managedName = regexp.MustCompile(`^pub-[0-9a-f]{32}$`)

// publicName is the public name of a bucket that a Host header may mean: an r2.dev name, a custom domain, or
// either of them as a name below localhost, which browsers and curl look for on this machine. certain says
// that the name can mean nothing else.
func publicName(hostport string) (name string, certain bool) {
	name = hostName(hostport)
	if _, err := netip.ParseAddr(name); err == nil || name == "" || name == "localhost" {
		return "", false
	}
	if below, ok := strings.CutSuffix(name, ".localhost"); ok {
		switch {
		case managedName.MatchString(below):
			return below + ".r2.dev", true
		case strings.Contains(below, "."):
			return below, true
		}
		return "", false
	}
	return name, strings.HasSuffix(name, ".r2.dev")
}

// publicFirst answers for the public names of buckets before the control door's checks, since everybody may
// ask there, with any Origin and no token. Nothing else of the door answers to these names: a page among a
// bucket's objects has an origin of its own, from which the door cannot be reached.
func (e *Emulator) publicFirst(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, certain := publicName(r.Host)
		if name == "" {
			next.ServeHTTP(w, r)
			return
		}
		bucket, err := e.r2.PublicBucket(name)
		if err != nil {
			http.Error(w, "cfemu: the bucket of this name cannot be read", http.StatusInternalServerError)
			return
		}
		if bucket == nil && !certain {
			next.ServeHTTP(w, r)
			return
		}
		r2.ServePublic(w, r, bucket)
	})
}
