package r2

import (
	"bytes"
	"encoding/binary"
)

// compositeAlgorithms are those whose checksum of a multipart object is a checksum of its parts'
// checksums. That of CRC64NVME is of the whole body.
//
// Receipt: https://developers.cloudflare.com/r2/api/s3/api/, the table of checksum types
var compositeAlgorithms = []Algorithm{CRC32, CRC32C, SHA1, SHA256}

// addPartChecksums gives an object the checksums that those of all its parts make.
func (r *objectRow) addPartChecksums(parts []partRow) {
	for _, a := range compositeAlgorithms {
		h := a.New()
		if everyPart(parts, a, func(sum []byte, _ int64) { h.Write(sum) }) {
			*algorithms[a].field(&r.Composite) = h.Sum(nil)
		}
	}
	var crc uint64
	if everyPart(parts, CRC64NVME, func(sum []byte, size int64) { crc = joinCRC64(crc, binary.BigEndian.Uint64(sum), size) }) {
		r.Checksums.CRC64NVME = binary.BigEndian.AppendUint64(nil, crc)
	}
}

// everyPart calls add with the checksum and the size of each part, and returns false at the first part
// that has no such checksum.
func everyPart(parts []partRow, a Algorithm, add func(sum []byte, size int64)) bool {
	for _, p := range parts {
		sum := a.Of(p.Checksums)
		if len(sum) == 0 {
			return false
		}
		add(sum, p.Blob.Size)
	}
	return true
}

// joinCRC64 is the CRC-64/NVME of two bodies in a row, given that of each and the second one's size. A
// CRC is what remains of a polynomial, so the first has only to be moved by the second's bits.
func joinCRC64(first, second uint64, size int64) uint64 {
	shift, step := uint64(1)<<63, uint64(1)<<55 // x^0 and x^8: the lowest bit is the highest power
	for ; size > 0; size >>= 1 {
		if size&1 != 0 {
			shift = multiplyCRC64(shift, step)
		}
		step = multiplyCRC64(step, step)
	}
	return multiplyCRC64(first, shift) ^ second
}

// multiplyCRC64 multiplies two polynomials modulo that of CRC-64/NVME.
func multiplyCRC64(a, b uint64) uint64 {
	var product uint64
	for bit := uint64(1) << 63; bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		b = b>>1 ^ crc64NVMEPolynomial*(b&1)
	}
	return product
}

// within reports whether all of the checksums are among those of have.
func (c Checksums) within(have Checksums) bool {
	for _, a := range algorithms {
		if want := *a.field(&c); len(want) > 0 && !bytes.Equal(want, *a.field(&have)) {
			return false
		}
	}
	return true
}
