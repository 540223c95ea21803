package emulator

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/cfemu/cfemu/r2"
)

// A record carries a key or an object from one process to another: a line of JSON, its head, and then
// as many bytes as that says. The last is one that says end; without it some are missing.
type record struct {
	recordHead
	body io.Reader
}

// A recordHead is what the line says.
type recordHead struct {
	End  bool   `json:"end,omitempty"`
	Key  string `json:"key,omitempty"`
	Size int64  `json:"size"` // of the body

	// Of a key of KV.
	Metadata json.RawMessage `json:"metadata,omitempty"`
	Expires  int64           `json:"expires,omitempty"` // Unix seconds

	// Of an object of R2.
	Version   string            `json:"version,omitempty"`
	ETag      string            `json:"etag,omitempty"`
	Uploaded  int64             `json:"uploaded,omitempty"` // Unix milliseconds
	HTTP      r2.HTTPMetadata   `json:"http,omitzero"`
	Custom    map[string]string `json:"custom,omitempty"`
	Checksums r2.Checksums      `json:"checksums,omitzero"`
	Parts     []int64           `json:"parts,omitempty"` // sizes
}

// maxHeadBytes bounds the head of a record.
const maxHeadBytes = 1 << 20

// writeRecord writes a record. Its body must have the size that it says.
func writeRecord(w io.Writer, r record) error {
	head, err := json.Marshal(r.recordHead)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(head, '\n')); err != nil || r.End {
		return err
	}
	n, err := io.Copy(w, io.LimitReader(r.body, r.Size+1))
	if err == nil && n != r.Size {
		err = fmt.Errorf("its content is damaged: %d bytes or more, instead of %d", n, r.Size)
	}
	return err
}

// readRecords yields the records that r has. Each must be done with before the next.
func readRecords(r io.Reader) iter.Seq2[record, error] {
	in := bufio.NewReaderSize(r, maxHeadBytes)
	return func(yield func(record, error) bool) {
		for {
			next, err := readRecord(in)
			if err == nil && next.End || !yield(next, err) || err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, next.body); err != nil {
				yield(record{}, err)
				return
			}
		}
	}
}

func readRecord(in *bufio.Reader) (record, error) {
	line, err := in.ReadSlice('\n')
	switch {
	case errors.Is(err, io.EOF):
		return record{}, fmt.Errorf("records without an end: %w", io.ErrUnexpectedEOF)
	case err != nil:
		return record{}, err
	}
	var next record
	if err := json.Unmarshal(line, &next.recordHead); err != nil || next.Size < 0 {
		return record{}, fmt.Errorf("not the head of a record: %w", errors.Join(err, badSize(next.Size)))
	}
	next.body = &whole{io.LimitedReader{R: in, N: next.Size}}
	return next, nil
}

func badSize(n int64) error {
	if n < 0 {
		return fmt.Errorf("a size of %d", n)
	}
	return nil
}

// whole is a body that must not end early.
type whole struct{ io.LimitedReader }

func (w *whole) Read(p []byte) (int, error) {
	n, err := w.LimitedReader.Read(p)
	if errors.Is(err, io.EOF) && w.N > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
