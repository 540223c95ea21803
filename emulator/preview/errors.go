package preview

import (
	"net/http"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// Wrangler acts on some codes: 9106, 10000 and 10405 it takes for bad credentials, 10007 and 10063
// for a missing subdomain, and 10049 makes it begin a new session.
const (
	codeInvalidUpload = 10021
	codeTokenExpired  = 10049
	codeNotHere       = 10001
)

// readMe is where the whole of it is told.
const readMe = `see "Beside wrangler" in cfemu's README`

var (
	errOff            = cfapi.New(http.StatusBadRequest, codeNotHere, "cfemu: this cfemu runs with --remote-bindings off and answers no remote bindings; start it without that flag, or take \"remote\": true out of the configuration")
	errTokenExpired   = cfapi.New(http.StatusBadRequest, codeTokenExpired, "workers.api.error.expired_preview_token")
	errSubdomainFixed = cfapi.New(http.StatusBadRequest, codeNotHere, "cfemu: the workers.dev subdomain of the account is fixed")
	errWholeWorker    = cfapi.New(http.StatusBadRequest, codeNotHere, "cfemu: `wrangler dev --remote` is not emulated: run the Worker by `cfemu up`, or by `wrangler dev` with \"remote\": true on its bindings")
	errNoPreload      = cfapi.New(http.StatusBadRequest, codeNotHere, "cfemu: remote bindings need cfemu's preload script in wrangler's Node.js (22.12 or newer), and it is not there: "+
		"run `cfemu exec -- npx wrangler dev`, or set NODE_OPTIONS as `cfemu env` prints it; "+readMe)
)

func invalidUpload(text string) error {
	return cfapi.New(http.StatusBadRequest, codeInvalidUpload, "cfemu: "+text)
}
