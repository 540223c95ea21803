package d1

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"io"
)

// SQLite's write-ahead log: https://www.sqlite.org/fileformat2.html#the_write_ahead_log. It is a header
// and then frames, each a page with a header of its own; the last frame of a commit has the size of the
// database in it. All numbers are big-endian.
const (
	logHeaderBytes   = 32
	frameHeaderBytes = 24
	logMagic         = 0x377f0682 // checksums of little-endian words
	logVersion       = 3007000
)

// logID returns the salts of the log, which change whenever it is begun anew.
func (cn *conn) logID() (uint64, error) {
	var head [logHeaderBytes]byte
	if err := cn.readLog(head[:], 0); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(head[16:]), nil
}

// follows reports whether SQLite began the log id when it had written old back: it counts the first
// salt up then.
func follows(id, old uint64) bool { return uint32(id>>32) == uint32(old>>32)+1 }

// A frame is a frame of the log.
type frame []byte

func (f frame) page() uint32 { return binary.BigEndian.Uint32(f) }
func (f frame) size() uint32 { return binary.BigEndian.Uint32(f[4:]) } // of the database in pages; 0 in the midst of a commit
func (f frame) data() []byte { return f[frameHeaderBytes:] }

// A logReader reads frames, which count from 1, mostly one after the other.
type logReader struct {
	cn     *conn
	bytes  int // of a frame
	last   uint32
	window []byte
	first  uint32 // in window
}

// logWindow is how much of the log is read at once.
const logWindow = 256 << 10

func newLogReader(cn *conn, last uint32) *logReader {
	bytes := frameHeaderBytes + cn.pageSize()
	n := min(int(last), max(1, logWindow/bytes))
	return &logReader{cn: cn, bytes: bytes, last: last, window: make([]byte, 0, n*bytes)}
}

func (r *logReader) offset(n uint32) int64 { return logHeaderBytes + int64(n-1)*int64(r.bytes) }

func (r *logReader) loaded(n uint32) (frame, bool) {
	if n < r.first || int(n-r.first) >= len(r.window)/r.bytes {
		return nil, false
	}
	at := int(n-r.first) * r.bytes
	return r.window[at : at+r.bytes], true
}

// frame returns frame n. It is valid until the next call.
func (r *logReader) frame(n uint32) (frame, error) {
	if f, ok := r.loaded(n); ok {
		return f, nil
	}
	count := min(cap(r.window)/r.bytes, int(r.last-n)+1)
	r.first, r.window = n, r.window[:count*r.bytes]
	if err := r.cn.readLog(r.window, r.offset(n)); err != nil {
		r.window = r.window[:0]
		return nil, err
	}
	return r.window[:r.bytes], nil
}

// page reads the page of frame n into buf.
func (r *logReader) page(n uint32, buf []byte) error {
	if f, ok := r.loaded(n); ok {
		copy(buf, f.data())
		return nil
	}
	return r.cn.readLog(buf, r.offset(n)+frameHeaderBytes)
}

// commits calls found with the last frame of each commit from frame first on.
func (r *logReader) commits(first uint32, found func(n uint32)) error {
	for n := first; n <= r.last; n++ {
		f, err := r.frame(n)
		if err != nil {
			return err
		}
		if f.size() != 0 {
			found(n)
		}
	}
	return nil
}

// A logWriter writes a log of one commit.
type logWriter struct {
	w      *bufio.Writer
	salts  [8]byte
	s0, s1 uint32
}

func newLogWriter(w io.Writer, pageSize int) (*logWriter, error) {
	l := &logWriter{w: bufio.NewWriterSize(w, 1<<18)}
	rand.Read(l.salts[:])
	b := binary.BigEndian.AppendUint32(nil, logMagic)
	b = binary.BigEndian.AppendUint32(b, logVersion)
	b = binary.BigEndian.AppendUint32(b, uint32(pageSize))
	b = binary.BigEndian.AppendUint32(b, 0)
	b = append(b, l.salts[:]...)
	l.sum(b)
	_, err := l.w.Write(l.appendSum(b))
	return l, err
}

func (l *logWriter) id() uint64 { return binary.BigEndian.Uint64(l.salts[:]) }

func (l *logWriter) sum(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		l.s0 += binary.LittleEndian.Uint32(b) + l.s1
		l.s1 += binary.LittleEndian.Uint32(b[4:]) + l.s0
	}
}

func (l *logWriter) appendSum(b []byte) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, l.s0), l.s1)
}

// add writes a frame. size is that of the database in pages for the last one, else 0.
func (l *logWriter) add(page, size uint32, data []byte) error {
	var head [frameHeaderBytes]byte
	b := binary.BigEndian.AppendUint32(head[:0], page)
	b = binary.BigEndian.AppendUint32(b, size)
	l.sum(b)
	l.sum(data)
	if _, err := l.w.Write(l.appendSum(append(b, l.salts[:]...))); err != nil {
		return err
	}
	_, err := l.w.Write(data)
	return err
}
