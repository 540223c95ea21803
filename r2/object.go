package r2

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
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
// only when the put gave them.
type Checksums struct {
	MD5    []byte `json:"md5,omitempty"`
	SHA1   []byte `json:"sha1,omitempty"`
	SHA256 []byte `json:"sha256,omitempty"`
	SHA384 []byte `json:"sha384,omitempty"`
	SHA512 []byte `json:"sha512,omitempty"`
}

// An algorithm is one of the five that R2 knows, in the order of their numbers on the wire.
type algorithm struct {
	name  string // as error texts have it
	hash  func() hash.Hash
	field func(*Checksums) *[]byte
}

var algorithms = [...]algorithm{
	{"MD5", md5.New, func(c *Checksums) *[]byte { return &c.MD5 }},
	{"SHA-1", sha1.New, func(c *Checksums) *[]byte { return &c.SHA1 }},
	{"SHA-256", sha256.New, func(c *Checksums) *[]byte { return &c.SHA256 }},
	{"SHA-384", sha512.New384, func(c *Checksums) *[]byte { return &c.SHA384 }},
	{"SHA-512", sha512.New, func(c *Checksums) *[]byte { return &c.SHA512 }},
}
