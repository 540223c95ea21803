package preview

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

// lifetime is how long a session lasts after its last upload. Wrangler begins a new one after 50
// minutes.
const lifetime = time.Hour

// uploadTokens gives out tokens that prove themselves. None is kept: a session begins with a GET, which
// any page can make a browser send, and however many of them come they cannot crowd out another.
type uploadTokens struct {
	clock clock.Clock
	key   [sha256.Size]byte // of this process: after a restart all tokens have expired
}

func newUploadTokens(c clock.Clock) *uploadTokens {
	t := &uploadTokens{clock: c}
	rand.Read(t.key[:])
	return t
}

const stampBytes = 8

func (t *uploadTokens) issue() string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, stampBytes+sha256.Size), uint64(t.clock.Now().UnixNano()))
	return base64.RawURLEncoding.EncodeToString(append(b, t.sign(b)...))
}

func (t *uploadTokens) sign(stamp []byte) []byte {
	mac := hmac.New(sha256.New, t.key[:])
	mac.Write(stamp)
	return mac.Sum(nil)
}

// valid reports whether token was issued here within the lifetime of a session.
func (t *uploadTokens) valid(token string) bool {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != stampBytes+sha256.Size || !hmac.Equal(b[stampBytes:], t.sign(b[:stampBytes])) {
		return false
	}
	issued := time.Unix(0, int64(binary.BigEndian.Uint64(b)))
	return t.clock.Now().Sub(issued) < lifetime
}
