package r2

// Limits that R2 publishes: https://developers.cloudflare.com/r2/platform/limits/
//
// Deviation: the metadata limit is production's 8192 bytes; miniflare refuses more than 2048.
const (
	maxKeyBytes      = 1024
	maxMetadataBytes = 8192
	maxPutBytes      = 5<<30 - 5<<20
	maxParts         = 10_000
	minPartBytes     = 5 << 20
	maxListKeys      = 1000
	maxDeleteKeys    = 1000 // the text that refuses more is assumed
	maxListIncluded  = 100  // objects on a page whose metadata is asked for
	maxBuckets       = 100_000
	uploadDays       = 7 // after which an unfinished multipart upload is dropped
)

// maxRequestBytes bounds JSON that is read whole. Metadata sizes on the wire have the same bound.
const maxRequestBytes = 1 << 20
