package r2

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"time"
)

// The storage classes.
const (
	Standard         = "Standard"
	InfrequentAccess = "InfrequentAccess"
)

// An Object is what is stored under a key. Only Get fills in Range and Body.
type Object struct {
	Key, Version string
	Size         int64
	ETag         string // without quotes
	Uploaded     time.Time
	HTTP         HTTPMetadata
	Custom       map[string]string
	Checksums    Checksums
	StorageClass string
	Composite    Checksums // of a multipart object: checksums of its parts' checksums
	Parts        int       // that its body is stored in; a multipart object's own

	Range *Range
	Body  io.ReadCloser // must be closed
}

// HTTPMetadata are the headers that go out with an object. Empty ones were not given.
type HTTPMetadata struct {
	ContentType        string    `json:"contentType,omitempty"`
	ContentLanguage    string    `json:"contentLanguage,omitempty"`
	ContentDisposition string    `json:"contentDisposition,omitempty"`
	ContentEncoding    string    `json:"contentEncoding,omitempty"`
	CacheControl       string    `json:"cacheControl,omitempty"`
	CacheExpiry        time.Time `json:"cacheExpiry,omitzero"`
}

// A Range is a part of a body.
type Range struct{ Offset, Length int64 }

// Checksums are hashes of a whole body. MD5 is known of every object that was put whole, the others
// only when the put gave them or asked for them. The CRCs are the S3 API's alone; they are big-endian.
type Checksums struct {
	MD5       []byte `json:"md5,omitempty"`
	SHA1      []byte `json:"sha1,omitempty"`
	SHA256    []byte `json:"sha256,omitempty"`
	SHA384    []byte `json:"sha384,omitempty"`
	SHA512    []byte `json:"sha512,omitempty"`
	CRC32     []byte `json:"crc32,omitempty"`
	CRC32C    []byte `json:"crc32c,omitempty"`
	CRC64NVME []byte `json:"crc64nvme,omitempty"`
}

// An Algorithm is a way to compute a checksum.
type Algorithm int

// The algorithms. Those of the binding have the numbers that they have on its wire.
const (
	MD5 Algorithm = iota
	SHA1
	SHA256
	SHA384
	SHA512
	CRC32
	CRC32C
	CRC64NVME
)

// Of returns the algorithm's checksum among c, nil when it is not known.
func (a Algorithm) Of(c Checksums) []byte { return *algorithms[a].field(&c) }

// New returns a hash that computes the algorithm's checksum.
func (a Algorithm) New() hash.Hash { return algorithms[a].hash() }

// wireAlgorithms is how many of the algorithms the binding knows.
const wireAlgorithms = SHA512 + 1

// An algorithm is what there is to know of an Algorithm.
type algorithm struct {
	name  string // as error texts have it
	hash  func() hash.Hash
	field func(*Checksums) *[]byte
}

// algorithms has an algorithm under each Algorithm.
var algorithms = [...]algorithm{
	MD5:       {"MD5", md5.New, func(c *Checksums) *[]byte { return &c.MD5 }},
	SHA1:      {"SHA-1", sha1.New, func(c *Checksums) *[]byte { return &c.SHA1 }},
	SHA256:    {"SHA-256", sha256.New, func(c *Checksums) *[]byte { return &c.SHA256 }},
	SHA384:    {"SHA-384", sha512.New384, func(c *Checksums) *[]byte { return &c.SHA384 }},
	SHA512:    {"SHA-512", sha512.New, func(c *Checksums) *[]byte { return &c.SHA512 }},
	CRC32:     {"CRC32", newCRC32, func(c *Checksums) *[]byte { return &c.CRC32 }},
	CRC32C:    {"CRC32C", newCRC32C, func(c *Checksums) *[]byte { return &c.CRC32C }},
	CRC64NVME: {"CRC64NVME", newCRC64NVME, func(c *Checksums) *[]byte { return &c.CRC64NVME }},
}

func newCRC32() hash.Hash { return crc32.NewIEEE() }

func newCRC32C() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }

// crc64NVMEPolynomial is NVM Express's, reversed as hash/crc64 wants it.
//
// Receipt: https://reveng.sourceforge.io/crc-catalogue/all.htm#crc.cat.crc-64-nvme
const crc64NVMEPolynomial = 0x9a6c9329ac4bc9b5

func newCRC64NVME() hash.Hash { return crc64.New(crc64.MakeTable(crc64NVMEPolynomial)) }
