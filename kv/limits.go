package kv

// Limits that Workers KV publishes: https://developers.cloudflare.com/kv/platform/limits/
//
// Deviation: a key may be written more often than once a second.
const (
	maxKeyBytes      = 512
	maxValueBytes    = 25 << 20
	maxMetadataBytes = 1024
	maxNamespaces    = 1000
	minTTLSeconds    = 60
	minCacheTTL      = 30
	maxListKeys      = 1000
	maxBulkGetKeys   = 100
	maxBulkGetBytes  = 25 << 20
	maxTitleBytes    = 512
)

// maxRequestBytes bounds JSON that is read whole: a hundred keys of 512 bytes, each byte escaped.
const maxRequestBytes = 1 << 20
