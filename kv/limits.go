package kv

import (
	"math"
	"time"
)

// Limits that Workers KV publishes: https://developers.cloudflare.com/kv/platform/limits/
//
// Deviation: a key may be written more often than once a second.
const (
	maxKeyBytes      = 512
	maxValueBytes    = 25 << 20
	maxMetadataBytes = 1024
	maxFormMetadata  = 64 << 10 // as a form says it, names of fields and white space included
	maxNamespaces    = 1000
	minTTLSeconds    = 60
	minCacheTTL      = 30
	maxTTLSeconds    = math.MaxInt64 / int64(time.Second) // a time.Duration ends after 292 years
	maxListKeys      = 1000
	maxBulkGetKeys   = 100
	maxBulkGetBytes  = 25 << 20
	maxTitleBytes    = 512
	maxBulkPairs     = 10_000
	maxBulkBytes     = 100 << 20 // of a request that writes many
)

// maxRequestBytes bounds JSON that is read whole: a hundred keys of 512 bytes, each byte escaped.
const maxRequestBytes = 1 << 20
