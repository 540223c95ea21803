package node

import (
	"compress/flate"
	"encoding/binary"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"strconv"

	"github.com/andybalholm/brotli"
)

func tooLarge(limit int) error {
	return &fault{class: "RangeError", code: "ERR_BUFFER_TOO_LARGE", message: "Cannot create a Buffer larger than " + strconv.Itoa(limit) + " bytes"}
}

// A deflater writes DEFLATE data, alone or in the frame of zlib or gzip.
//
// Deviation: windowBits, memLevel and strategy of node:zlib do not change what comes out, which is another than zlib's for the same data.
type deflater struct {
	class string
	o     zipOptions
	out   limitedBuffer
	w     *flate.Writer
	sum   hash.Hash32 // nil for raw data
	size  uint32
	begun bool
	used  int
}

func newDeflater(class string, o zipOptions) *deflater {
	d := &deflater{class: class, o: o, out: limitedBuffer{most: o.most}}
	switch class {
	case "Deflate":
		d.sum = adler32.New()
	case "Gzip":
		d.sum = crc32.NewIEEE()
	}
	dictionary := o.dictionary
	if class == "Gzip" {
		dictionary = nil
	}
	d.w = newFlateWriter(&d.out, o.level, dictionary)
	return d
}

// newFlateWriter makes a writer; the level has been checked.
func newFlateWriter(out *limitedBuffer, level int, dictionary []byte) *flate.Writer {
	w, err := flate.NewWriterDict(out, level, dictionary)
	must(err)
	return w
}

func (d *deflater) taken() int { return d.used }
func (d *deflater) free()      {}

// setLevel goes on with another level: what was written ends at a byte, so a new writer may follow.
func (d *deflater) setLevel(level int) error {
	if level == d.o.level {
		return nil
	}
	if err := d.w.Flush(); err != nil {
		return err
	}
	d.o.level = level
	d.w = newFlateWriter(&d.out, level, nil)
	return nil
}

func (d *deflater) process(in []byte, flush int) ([]byte, error) {
	d.used = len(in)
	if !d.begun {
		d.begun = true
		if _, err := d.out.Write(d.header()); err != nil {
			return nil, err
		}
	}
	if d.sum != nil {
		d.sum.Write(in)
		d.size += uint32(len(in))
	}
	_, err := d.w.Write(in)
	switch {
	case err != nil:
	case flush == flushFinish:
		if err = d.w.Close(); err == nil {
			_, err = d.out.Write(d.trailer())
		}
	case flush != flushNone:
		err = d.w.Flush()
	}
	if err != nil {
		return nil, err
	}
	return d.out.take(), nil
}

// header is what stands before the data, as zlib writes it.
// Receipt: https://www.rfc-editor.org/rfc/rfc1950 and https://www.rfc-editor.org/rfc/rfc1952
func (d *deflater) header() []byte {
	level := d.o.level
	switch d.class {
	case "Deflate":
		flags := uint16(0x7800)
		switch {
		case level == -1 || level == 6:
			flags |= 2 << 6
		case level > 6:
			flags |= 3 << 6
		case level > 1:
			flags |= 1 << 6
		}
		if d.o.dictionary != nil {
			flags |= 1 << 5
		}
		flags += 31 - flags%31
		b := binary.BigEndian.AppendUint16(nil, flags)
		if d.o.dictionary != nil {
			b = binary.BigEndian.AppendUint32(b, adler32.Checksum(d.o.dictionary))
		}
		return b
	case "Gzip":
		extra := byte(0)
		switch level {
		case 9:
			extra = 2
		case 1:
			extra = 4
		}
		return []byte{0x1F, 0x8B, 8, 0, 0, 0, 0, 0, extra, 3}
	}
	return nil
}

func (d *deflater) trailer() []byte {
	switch d.class {
	case "Deflate":
		return binary.BigEndian.AppendUint32(nil, d.sum.Sum32())
	case "Gzip":
		return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, d.sum.Sum32()), d.size)
	}
	return nil
}

// A brotliWriter writes Brotli data.
type brotliWriter struct {
	out  limitedBuffer
	w    *brotli.Writer
	used int
}

func newBrotliWriter(o zipOptions) *brotliWriter {
	b := &brotliWriter{out: limitedBuffer{most: o.most}}
	b.w = brotli.NewWriterOptions(&b.out, brotli.WriterOptions{Quality: o.quality, LGWin: o.window})
	return b
}

func (b *brotliWriter) taken() int { return b.used }
func (b *brotliWriter) free()      {}

func (b *brotliWriter) process(in []byte, flush int) ([]byte, error) {
	b.used = len(in)
	_, err := b.w.Write(in)
	switch {
	case err != nil:
	case flush == brotliFinish || flush == flushFinish:
		err = b.w.Close()
	case flush != flushNone:
		err = b.w.Flush()
	}
	if err != nil {
		return nil, err
	}
	return b.out.take(), nil
}

// brotliFinish is Brotli's number for the end.
const brotliFinish = 2
