package r2

import (
	"errors"
	"io"
)

const pourBytes = 256 << 10 // read before they are written

// pour copies body to file and to also. What is longer than a buffer is seen by also in a goroutine of its
// own, while file is written and more is read: an MD5 takes as long as the rest together.
func (b *blobs) pour(file io.Writer, body io.Reader, also []io.Writer) (n int64, err error) {
	sums := io.MultiWriter(also...)
	first := b.buffer()
	filled, err := fill(body, *first)
	if errors.Is(err, io.EOF) {
		defer b.spare.Put(first)
		_, _ = sums.Write((*first)[:filled]) // a hash never fails
		_, err = file.Write((*first)[:filled])
		return int64(filled), err
	}

	type part struct {
		buffer *[]byte
		filled int
	}
	const ahead = 3 // buffers that the sums may be behind
	parts := make(chan part, ahead)
	summed := make(chan struct{})
	go func() {
		defer close(summed)
		for p := range parts {
			_, _ = sums.Write((*p.buffer)[:p.filled])
			b.spare.Put(p.buffer)
		}
	}()
	for buffer := first; ; filled, err = fill(body, *buffer) {
		var failed error
		if err == nil || errors.Is(err, io.EOF) {
			_, failed = file.Write((*buffer)[:filled])
		}
		n += int64(filled)
		parts <- part{buffer, filled}
		if failed != nil {
			err = failed
		}
		if err != nil {
			break
		}
		buffer = b.buffer()
	}
	close(parts)
	<-summed
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (b *blobs) buffer() *[]byte {
	if buffer, ok := b.spare.Get().(*[]byte); ok {
		return buffer
	}
	buffer := make([]byte, pourBytes)
	return &buffer
}

// fill reads until buffer is full or body ends. Unlike io.ReadFull it tells an end from a body that says
// itself that it was cut short.
func fill(body io.Reader, buffer []byte) (n int, err error) {
	for n < len(buffer) && err == nil {
		var more int
		more, err = body.Read(buffer[n:])
		n += more
	}
	return n, err
}
