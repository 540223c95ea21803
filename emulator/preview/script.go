package preview

import _ "embed"

// Script is the CommonJS file that leads a wrangler here in the way Preload. It holds no address: a
// session tells it where it has been opened.
//
//go:embed preload.cjs
var Script []byte
