package wrangler

import "strings"

// keyPair is the key whose value no message shows: it holds the secret of a key pair, perhaps in the wrong
// place.
const keyPair = "experimental_s3_credentials"

// hideSecrets marks what is below a keyPair, and its lines.
func (d *decoder) hideSecrets(v *value, below bool) {
	if v.secret = below; below {
		line, _, _ := d.src.position(v.at)
		if d.secret == nil {
			d.secret = map[int]bool{}
		}
		for i := range strings.Count(v.text, "\n") + 1 { // a string of TOML may have many
			d.secret[line+i] = true
		}
	}
	for _, item := range v.items {
		d.hideSecrets(item, below)
	}
	for _, m := range v.members {
		d.hideSecrets(m.value, below || m.key == keyPair)
	}
}

// hush takes a line out of a message that may hold a secret. Of a file that cannot be read as a whole, only
// the words of its lines are known.
func (d *decoder) hush(e *Error) {
	if d.secret[e.Line] || strings.Contains(e.SourceLine, keyPair) || strings.Contains(e.SourceLine, "secretAccessKey") {
		e.SourceLine = ""
	}
}
