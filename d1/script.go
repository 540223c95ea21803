package d1

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// scriptBuffer is how much of a script is in memory at a time. A statement of half of that is more than
// SQLite may take: it is handed out without its end, and SQLite refuses it.
const scriptBuffer = 256 << 10

// A scriptReader hands out the statements of a script one after another. The script may come from a
// reader, and be of any length.
type scriptReader struct {
	src   io.Reader
	buf   []byte
	text  string // the part that is in memory: buf, or all of it when there is no src
	at    int    // what lies before in text has been handed out
	ended bool   // nothing follows behind text
	skip  string // the end of a comment that began before text

	line, column int // of the beginning of text, from 0
}

func newScript(r io.Reader) *scriptReader {
	return &scriptReader{src: r, buf: make([]byte, 0, scriptBuffer)}
}

func newTextScript(text string) *scriptReader { return &scriptReader{text: text, ended: true} }

// next returns the next statement, and io.EOF when there is none. Its text is valid until the next call.
func (s *scriptReader) next() (piece, error) {
	for {
		if s.skip != "" && !s.pass() {
			if s.ended {
				return piece{}, io.EOF
			}
			if err := s.fill(len(s.text) - min(len(s.text), len(s.skip)-1)); err != nil {
				return piece{}, err
			}
			continue
		}
		f := find(s.text, s.at)
		none := f.start == f.end
		if f.closed || s.ended && !none || !none && f.end-f.start >= cap(s.buf)/2 {
			s.at = f.end
			return piece{text: s.text[f.start:f.end], start: f.start, shape: f.shape}, nil
		}
		if s.ended {
			return piece{}, io.EOF
		}
		keep := f.start
		if none && f.comment >= 0 {
			keep = s.open(f.comment)
		}
		if err := s.fill(keep); err != nil {
			return piece{}, err
		}
	}
}

// open notes that the comment at offset at has no end yet and returns what has to be kept of it: comments
// between statements may be longer than the buffer.
func (s *scriptReader) open(at int) (keep int) {
	s.skip = "\n"
	if s.text[at] == '/' {
		s.skip = "*/"
	}
	return max(at+2, len(s.text)-1)
}

// pass goes behind the end of the comment, if it is in the buffer.
func (s *scriptReader) pass() bool {
	i := strings.Index(s.text[s.at:], s.skip)
	if i < 0 {
		return false
	}
	s.at += i + len(s.skip)
	s.skip = ""
	return true
}

// fill drops the first bytes of the buffer and reads more behind the others.
func (s *scriptReader) fill(drop int) error {
	gone := s.buf[:drop]
	if i := bytes.LastIndexByte(gone, '\n'); i >= 0 {
		s.line += bytes.Count(gone, []byte("\n"))
		s.column = 0
		gone = gone[i+1:]
	}
	s.column += utf8.RuneCount(gone)
	n := copy(s.buf, s.buf[drop:])
	s.buf, s.at = s.buf[:n], 0
	read, err := io.ReadAtLeast(s.src, s.buf[n:cap(s.buf)], 1)
	s.buf = s.buf[:n+read]
	s.text = unsafeString(s.buf)
	if errors.Is(err, io.EOF) {
		s.ended = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("read script: %w", err)
	}
	return nil
}

// failed gives the error of a piece its place.
func (s *scriptReader) failed(p piece, err error) error {
	offset := p.start
	var failed *sqlError
	if errors.As(err, &failed) && failed.offset > 0 {
		offset += failed.offset
	}
	line, column := position(s.text, offset)
	if line == 1 {
		column += s.column
	}
	return &ScriptError{Line: s.line + line, Column: column, Statement: strings.Clone(p.text), Err: err}
}
