package d1

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
)

// An anchor says how a database and its history belong together: where the history ends and what the
// database's files looked like then.
type anchor struct {
	last    uint64 // number of the newest segment; 0: none
	base    mark   // the state at its end
	log     uint64 // the log that its last commit is in, by its salts; 0: none yet
	covered uint32 // the frames of that log which the history has
	stamp   stamp  // the database file, after the log was last written back into it
}

// A stamp is how a change of the database file is noticed. The zero stamp is not known.
type stamp struct{ size, modified int64 }

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.Size(), info.ModTime().UnixNano()}
}

// A commit is a transaction that is in the log and not yet in a segment.
type commit struct {
	mark
	frame uint32 // its last one
	log   uint64
}

// A journal is the file that remembers the times of the commits in the log and the anchor. It is
// written after a commit and not synced: when it is lost, or a part of it, the commits found in the log
// get the last known time.
type journal struct {
	path string
	file *os.File // nil until it is written
	end  int64

	changed bool // since it was synced
}

const (
	journalMagic  = "cfemud1j"
	journalHeader = 8 + 8 + 2*markBytes + 8 + 4 + 16 + 4
	journalEntry  = markBytes + 4 + 8 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// sealed appends the checksum of the last n bytes.
func sealed(b []byte, n int) []byte {
	return binary.LittleEndian.AppendUint32(b, checksum(b[len(b)-n:]))
}

func intact(b []byte) bool {
	n := len(b) - 4
	return binary.LittleEndian.Uint32(b[n:]) == checksum(b[:n])
}

func (c commit) append(b []byte) []byte {
	b = c.mark.append(b)
	b = binary.LittleEndian.AppendUint32(b, c.frame)
	b = binary.LittleEndian.AppendUint64(b, c.log)
	return sealed(b, journalEntry-4)
}

// begin writes the journal anew. given is the last mark that has been given out: those that get lost
// are counted from it.
func (j *journal) begin(a anchor, given mark, commits []commit) error {
	if j.file == nil {
		f, err := os.OpenFile(j.path, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return err
		}
		j.file = f
	}
	b := append(make([]byte, 0, journalHeader+len(commits)*journalEntry), journalMagic...)
	b = binary.LittleEndian.AppendUint64(b, a.last)
	b = given.append(a.base.append(b))
	b = binary.LittleEndian.AppendUint64(b, a.log)
	b = binary.LittleEndian.AppendUint32(b, a.covered)
	b = binary.LittleEndian.AppendUint64(b, uint64(a.stamp.size))
	b = binary.LittleEndian.AppendUint64(b, uint64(a.stamp.modified))
	b = sealed(b, journalHeader-4)
	for _, c := range commits {
		b = c.append(b)
	}
	j.end, j.changed = int64(len(b)), true
	_, err := j.file.WriteAt(b, 0)
	return errors.Join(err, j.file.Truncate(j.end))
}

func (j *journal) add(c commit) error {
	var buf [journalEntry]byte
	_, err := j.file.WriteAt(c.append(buf[:0]), j.end)
	j.end += journalEntry
	j.changed = true
	return err
}

func (j *journal) close(sync bool) error {
	if j.file == nil {
		return nil
	}
	var err error
	if sync && j.changed {
		err = j.file.Sync()
	}
	err = errors.Join(err, j.file.Close())
	j.file, j.changed = nil, false
	return err
}

// readJournal returns what the journal at path says, as far as it is intact; known is false when that
// is nothing.
func readJournal(path string) (a anchor, given mark, commits []commit, known bool, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return a, given, nil, false, nil
	}
	if err != nil || len(b) < journalHeader || string(b[:8]) != journalMagic || !intact(b[:journalHeader]) {
		return a, given, nil, false, err
	}
	a.last = binary.LittleEndian.Uint64(b[8:])
	a.base, given = markFrom(b[16:]), markFrom(b[16+markBytes:])
	h := b[16+2*markBytes:]
	a.log = binary.LittleEndian.Uint64(h)
	a.covered = binary.LittleEndian.Uint32(h[8:])
	a.stamp = stamp{int64(binary.LittleEndian.Uint64(h[12:])), int64(binary.LittleEndian.Uint64(h[20:]))}
	for b = b[journalHeader:]; len(b) >= journalEntry && intact(b[:journalEntry]); b = b[journalEntry:] {
		commits = append(commits, commit{
			mark:  markFrom(b),
			frame: binary.LittleEndian.Uint32(b[markBytes:]),
			log:   binary.LittleEndian.Uint64(b[markBytes+4:]),
		})
	}
	return a, given, commits, true, nil
}
