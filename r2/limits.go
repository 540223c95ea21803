package r2

// Limits that R2 publishes: https://developers.cloudflare.com/r2/platform/limits/
// The size of metadata is production's; workerd's local R2 refuses more than 2048 bytes. It is counted
// as UTF-8 of all keys and values.
//
// Deviation: an object may be written more often than once a second.
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
