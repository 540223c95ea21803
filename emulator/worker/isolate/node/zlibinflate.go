package node

import (
	"bufio"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"io"
	"iter"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// An inflater reads what zlib's classes decompress. Go's decoders pull their input: the decoder runs
// as a coroutine that pauses when it has used up what it was given.
type inflater struct {
	class string
	o     zipOptions
	out   limitedBuffer

	mu    sync.Mutex // next and stop, which the end of the invocation may call
	next  func() (struct{}, bool)
	stop  func()
	off   func() bool
	in    []byte
	size  int // of the last input
	ended bool
	err   error
	done  bool
}

func newInflater(class string, o zipOptions) *inflater {
	i := &inflater{class: class, o: o, out: limitedBuffer{most: o.most}, off: func() bool { return true }}
	i.next, i.stop = iter.Pull(func(yield func(struct{}) bool) {
		in := &zipInput{i: i, more: func() bool { return yield(struct{}{}) }}
		i.err = i.decode(in)
		if i.err != nil && in.ranOut && !isFault(i.err) {
			i.err = zlibFault("Z_BUF_ERROR", "unexpected end of file")
		}
		i.done = true
	})
	return i
}

func isFault(err error) bool {
	_, ok := errors.AsType[*fault](err)
	return ok
}

// freeWith ends the coroutine when ctx ends at the latest.
func (i *inflater) freeWith(ctx context.Context) {
	i.off = context.AfterFunc(ctx, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.stop()
	})
}

func (i *inflater) free() {
	i.off()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.stop()
}

func (i *inflater) taken() int { return i.size - len(i.in) }

func (i *inflater) process(in []byte, flush int) ([]byte, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.in, i.size = append([]byte(nil), in...), len(in)
	i.ended = flush == flushFinish || flush == brotliFinish && i.class == "BrotliDecompress"
	if !i.done && (len(in) > 0 || i.ended) {
		i.next()
	}
	if i.err != nil && !(i.o.truncated && errorCode(i.err) == "Z_BUF_ERROR") {
		return nil, i.err
	}
	return i.out.take(), nil
}

func errorCode(err error) string {
	if f, ok := errors.AsType[*fault](err); ok {
		return f.code
	}
	return ""
}

// A zipInput gives the decoder its input byte by byte, so that what follows the data is left over.
type zipInput struct {
	i      *inflater
	more   func() bool
	ranOut bool
}

func (f *zipInput) wait() error {
	for len(f.i.in) == 0 {
		if f.i.ended || !f.more() {
			f.ranOut = true
			return io.EOF
		}
	}
	return nil
}

func (f *zipInput) Read(p []byte) (int, error) {
	if err := f.wait(); err != nil {
		return 0, err
	}
	n := copy(p, f.i.in)
	f.i.in = f.i.in[n:]
	return n, nil
}

func (f *zipInput) ReadByte() (byte, error) {
	if err := f.wait(); err != nil {
		return 0, err
	}
	b := f.i.in[0]
	f.i.in = f.i.in[1:]
	return b, nil
}

// full reads all of b.
func (f *zipInput) full(b []byte) error {
	_, err := io.ReadFull(f, b)
	return err
}

func dataError(message string) error { return zlibFault("Z_DATA_ERROR", message) }

func (i *inflater) decode(in *zipInput) error {
	switch i.class {
	case "InflateRaw":
		return i.inflate(in, nil, i.o.dictionary)
	case "Inflate":
		return i.zlib(in, nil)
	case "BrotliDecompress":
		return i.brotli(in)
	case "Gunzip":
		return i.gzip(in, nil)
	}
	// Unzip looks at the first bytes.
	var head [2]byte
	if err := in.full(head[:1]); err != nil {
		return err
	}
	if head[0] != 0x1F {
		return i.zlib(in, head[:1])
	}
	if err := in.full(head[1:]); err != nil {
		return err
	}
	if head[1] != 0x8B {
		return dataError("incorrect header check")
	}
	return i.gzip(in, head[:])
}

// inflate copies the data to the output and to sum.
func (i *inflater) inflate(in *zipInput, sum io.Writer, dictionary []byte) error {
	var to io.Writer = &i.out
	if sum != nil {
		to = io.MultiWriter(sum, &i.out)
	}
	_, err := io.Copy(to, flate.NewReaderDict(in, dictionary))
	if _, corrupt := errors.AsType[flate.CorruptInputError](err); corrupt {
		// Deviation: errors in compressed data have one text, where zlib says which of its rules was broken.
		return dataError("invalid compressed data")
	}
	return err
}

// zlib reads the frame of RFC 1950, of which the first bytes may have been read.
func (i *inflater) zlib(in *zipInput, read []byte) error {
	var head [2]byte
	n := copy(head[:], read)
	if err := in.full(head[n:]); err != nil {
		return err
	}
	flags := binary.BigEndian.Uint16(head[:])
	switch {
	case flags%31 != 0:
		return dataError("incorrect header check")
	case head[0]&0x0F != 8:
		return dataError("unknown compression method")
	case head[0]>>4 > 7:
		return dataError("invalid window size")
	}
	var dictionary []byte
	if head[1]&0x20 != 0 {
		var id [4]byte
		if err := in.full(id[:]); err != nil {
			return err
		}
		if dictionary = i.o.dictionary; dictionary == nil {
			return zlibFault("Z_NEED_DICT", "Missing dictionary")
		}
		if adler32.Checksum(dictionary) != binary.BigEndian.Uint32(id[:]) {
			return zlibFault("Z_NEED_DICT", "Bad dictionary")
		}
	}
	sum := adler32.New()
	if err := i.inflate(in, sum, dictionary); err != nil {
		return err
	}
	return checked(in, sum, binary.BigEndian)
}

func checked(in *zipInput, sum hash.Hash32, order binary.ByteOrder) error {
	var want [4]byte
	if err := in.full(want[:]); err != nil {
		return err
	}
	if order.Uint32(want[:]) != sum.Sum32() {
		return dataError("incorrect data check")
	}
	return nil
}

// gzip reads the members of RFC 1952. Zeros that follow them are left over, as zlib leaves them.
func (i *inflater) gzip(in *zipInput, read []byte) error {
	for {
		if err := i.gzipMember(in, read); err != nil {
			return err
		}
		// Another member may follow at once, or with the next input.
		if err := in.wait(); err != nil || in.i.in[0] == 0 {
			in.ranOut = false
			return nil
		}
		read = nil
	}
}

func (i *inflater) gzipMember(in *zipInput, read []byte) error {
	var head [10]byte
	n := copy(head[:], read)
	if n == 0 {
		if err := in.full(head[:2]); err != nil {
			return err
		}
		n = 2
	}
	if head[0] != 0x1F || head[1] != 0x8B {
		return dataError("incorrect header check")
	}
	if err := in.full(head[n:]); err != nil {
		return err
	}
	if head[2] != 8 {
		return dataError("unknown compression method")
	}
	if err := skipGzipFields(in, head[3]); err != nil {
		return err
	}
	sum := crc32.NewIEEE()
	before := i.out.total
	if err := i.inflate(in, sum, nil); err != nil {
		return err
	}
	if err := checked(in, sum, binary.LittleEndian); err != nil {
		return err
	}
	var size [4]byte
	if err := in.full(size[:]); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(size[:]) != uint32(i.out.total-before) {
		return dataError("incorrect length check")
	}
	return nil
}

// skipGzipFields reads what the flags announce: extra data, a name, a comment, a checksum.
func skipGzipFields(in *zipInput, flags byte) error {
	if flags&4 != 0 {
		var size [2]byte
		if err := in.full(size[:]); err != nil {
			return err
		}
		if err := in.full(make([]byte, binary.LittleEndian.Uint16(size[:]))); err != nil {
			return err
		}
	}
	for _, flag := range []byte{8, 16} {
		for flags&flag != 0 {
			b, err := in.ReadByte()
			if err != nil {
				return err
			}
			if b == 0 {
				break
			}
		}
	}
	if flags&2 != 0 {
		return in.full(make([]byte, 2))
	}
	return nil
}

func (i *inflater) brotli(in *zipInput) error {
	_, err := io.Copy(&i.out, brotli.NewReader(bufio.NewReader(in)))
	switch {
	case err == nil || isFault(err) || in.ranOut:
		return err
	case strings.Contains(err.Error(), "excessive input"):
		return nil
	}
	return zlibFault("ERR__ERROR_FORMAT_PADDING_1", "Decompression failed")
}
