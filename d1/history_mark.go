package d1

import (
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"regexp"
	"strconv"
	"time"
)

// A mark names a state of a database: the one that a commit has left, or the one in which its history
// begins. Marks of one database are in the order of time.
type mark struct {
	gen  uint32 // the process that made it, counted
	seq  uint32 // counted within the process
	time int64  // Unix nanoseconds on the emulator's clock
}

func (m mark) same(o mark) bool { return m.gen == o.gen && m.seq == o.seq }
func (m mark) after(o mark) bool {
	return m.gen > o.gen || m.gen == o.gen && m.seq > o.seq
}

// bookmark writes m as D1 does: four numbers in hexadecimal, the third of them the day. The last one
// is there so that a bookmark of another database, or one with a typing error, is not taken for one of
// this; owner is what the database is known by for all its life.
//
// Receipt: bookmarks in https://developers.cloudflare.com/d1/reference/time-travel/
func (m mark) bookmark(owner string) string {
	day := time.Unix(0, m.time).Unix() / (24 * 60 * 60)
	b := make([]byte, 0, 59)
	for _, n := range []uint32{m.gen, m.seq, uint32(day)} {
		b = hex.AppendEncode(b, binary.BigEndian.AppendUint32(nil, n))
		b = append(b, '-')
	}
	return string(hex.AppendEncode(b, m.seal(owner)))
}

// seal depends on what identifies m, and not on its time, which a power cut may lose.
func (m mark) seal(owner string) []byte {
	h := fnv.New128a()
	h.Write(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, m.gen), m.seq))
	h.Write([]byte(owner))
	return h.Sum(nil)
}

var bookmarkForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}$`)

// parseBookmark returns the mark, without its time, that text is a bookmark of.
func parseBookmark(text, owner string) (mark, bool) {
	if !bookmarkForm.MatchString(text) {
		return mark{}, false
	}
	gen, _ := strconv.ParseUint(text[:8], 16, 32)
	seq, _ := strconv.ParseUint(text[9:17], 16, 32)
	m := mark{gen: uint32(gen), seq: uint32(seq)}
	return m, text[27:] == hex.EncodeToString(m.seal(owner))
}

const markBytes = 16

func (m mark) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, m.gen)
	b = binary.LittleEndian.AppendUint32(b, m.seq)
	return binary.LittleEndian.AppendUint64(b, uint64(m.time))
}

func markFrom(b []byte) mark {
	return mark{
		gen:  binary.LittleEndian.Uint32(b),
		seq:  binary.LittleEndian.Uint32(b[4:]),
		time: int64(binary.LittleEndian.Uint64(b[8:])),
	}
}
