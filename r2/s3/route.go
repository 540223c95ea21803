package s3

import (
	"fmt"
	"net/http"
	"strings"
)

// An operation is something that the endpoint can do.
type operation struct {
	name    string
	do      func(*call) error
	refused []string // headers that R2 does not implement for it
	writes  bool     // it takes the headers of a write
	ssec    bool     // it takes the headers of SSE-C
	bucket  bool     // it needs the bucket to be there
}

// Headers that R2 does not implement.
//
// Receipt: https://developers.cloudflare.com/r2/api/s3/api/ and Miniflare 5.20261117.0
var (
	bucketOwner     = []string{"x-amz-expected-bucket-owner"}
	sourceOwner     = []string{"x-amz-source-expected-bucket-owner"}
	lockBypass      = []string{"x-amz-mfa", "x-amz-bypass-governance-retention"}
	copyConditions  = []string{"x-amz-copy-source-if-match", "x-amz-copy-source-if-none-match", "x-amz-copy-source-if-modified-since", "x-amz-copy-source-if-unmodified-since"}
	refusedOfWrites = []string{
		"x-amz-expected-bucket-owner", "x-amz-tagging", "x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp",
		"x-amz-grant-write", "x-amz-grant-write-acp", "x-amz-website-redirect-location", "x-amz-object-lock-mode",
		"x-amz-object-lock-retain-until-date", "x-amz-object-lock-legal-hold", "x-amz-server-side-encryption-aws-kms-key-id",
		"x-amz-server-side-encryption-context", "x-amz-server-side-encryption-bucket-key-enabled",
	}
	refusedOfCopies = append(append([]string{"x-amz-tagging-directive"}, sourceOwner...), refusedOfWrites...)
)

// operations are those that R2 implements, by their names in the S3 API.
var operations = byName(
	operation{name: "ListBuckets", do: (*call).listBuckets},
	operation{name: "CreateBucket", do: (*call).createBucket, refused: bucketOwner},
	operation{name: "HeadBucket", do: (*call).headBucket, refused: bucketOwner, bucket: true},
	operation{name: "DeleteBucket", do: (*call).deleteBucket, refused: bucketOwner, bucket: true},
	operation{name: "GetBucketLocation", do: (*call).getBucketLocation, refused: bucketOwner, bucket: true},
	operation{name: "GetBucketEncryption", do: (*call).getBucketEncryption, refused: bucketOwner, bucket: true},
	operation{name: "GetBucketVersioning", do: (*call).getBucketVersioning, refused: bucketOwner, bucket: true},
	operation{name: "GetBucketTagging", do: (*call).getBucketTagging, refused: bucketOwner, bucket: true},
	operation{name: "GetObjectLockConfiguration", do: (*call).getObjectLock, refused: bucketOwner, bucket: true},
	operation{name: "GetBucketReplication", do: (*call).getBucketReplication, refused: bucketOwner, bucket: true},
	operation{name: "ListObjects", do: (*call).listObjects, refused: bucketOwner, bucket: true},
	operation{name: "ListObjectsV2", do: (*call).listObjectsV2, refused: bucketOwner, bucket: true},
	operation{name: "ListMultipartUploads", do: (*call).listUploads, refused: bucketOwner, bucket: true},
	operation{name: "DeleteObjects", do: (*call).deleteObjects, refused: append(lockBypass, bucketOwner...), bucket: true},
	operation{name: "GetObject", do: (*call).getObject, refused: bucketOwner, ssec: true, bucket: true},
	operation{name: "HeadObject", do: (*call).getObject, refused: bucketOwner, ssec: true, bucket: true},
	operation{name: "PutObject", do: (*call).putObject, refused: refusedOfWrites, writes: true, ssec: true, bucket: true},
	operation{name: "DeleteObject", do: (*call).deleteObject, refused: append(lockBypass, bucketOwner...), bucket: true},
	operation{name: "CopyObject", do: (*call).copyObject, refused: refusedOfCopies, writes: true, ssec: true, bucket: true},
	operation{name: "CreateMultipartUpload", do: (*call).createUpload, refused: refusedOfWrites, writes: true, ssec: true, bucket: true},
	operation{name: "UploadPart", do: (*call).uploadPart, refused: append([]string{"x-amz-server-side-encryption"}, bucketOwner...), ssec: true, bucket: true},
	operation{name: "UploadPartCopy", do: (*call).uploadPartCopy, refused: append(append(copyConditions, sourceOwner...), bucketOwner...), ssec: true, bucket: true},
	operation{name: "CompleteMultipartUpload", do: (*call).completeUpload, refused: bucketOwner, bucket: true},
	operation{name: "AbortMultipartUpload", do: (*call).abortUpload, bucket: true},
	operation{name: "ListParts", do: (*call).listParts, refused: bucketOwner, bucket: true},
)

func byName(all ...operation) map[string]operation {
	m := map[string]operation{}
	for _, op := range all {
		m[op.name] = op
	}
	return m
}

// Subresources of a bucket that R2 knows by name: an operation that is not in operations is one that
// it does not implement.
//
// Receipt: Miniflare 5.20261117.0; "GetGet" is R2's.
var (
	bucketGets = map[string]string{
		"uploads": "ListMultipartUploads", "location": "GetBucketLocation", "encryption": "GetBucketEncryption", "versioning": "GetBucketVersioning",
		"tagging": "GetBucketTagging", "object-lock": "GetObjectLockConfiguration", "replication": "GetBucketReplication",
		"cors": "GetBucketCors", "lifecycle": "GetBucketLifecycleConfiguration",
		"versions": "ListObjectVersions", "policy": "GetBucketPolicy", "website": "GetBucketWebsite", "notification": "GetBucketNotificationConfiguration",
		"requestPayment": "GetBucketRequestPayment", "logging": "GetBucketLogging", "accelerate": "GetBucketAccelerateConfiguration",
		"publicAccessBlock": "GetPublicAccessBlock", "ownershipControls": "GetBucketOwnershipControls",
		"intelligent-tiering": "GetBucketIntelligentTieringConfiguration", "inventory": "GetBucketInventoryConfiguration",
		"metrics": "GetBucketMetricsConfiguration", "analytics": "GetBucketAnalyticsConfiguration",
		"policyStatus": "GetGetBucketPolicyStatus", "acl": "GetBucketAcl",
	}
	bucketPuts = map[string]string{
		"cors": "PutBucketCors", "lifecycle": "PutBucketLifecycleConfiguration", "encryption": "PutBucketEncryption", "versioning": "PutBucketVersioning",
		"accelerate": "PutBucketAccelerateConfiguration", "acl": "PutBucketAcl", "analytics": "PutBucketAnalyticsConfiguration",
		"intelligent-tiering": "PutBucketIntelligentTieringConfiguration", "inventory": "PutBucketInventoryConfiguration", "logging": "PutBucketLogging",
		"metrics": "PutBucketMetricsConfiguration", "notification": "PutBucketNotificationConfiguration", "object-lock": "PutObjectLockConfiguration",
		"ownershipControls": "PutBucketOwnershipControls", "policy": "PutBucketPolicy", "publicAccessBlock": "PutPublicAccessBlock",
		"replication": "PutBucketReplication", "requestPayment": "PutBucketRequestPayment", "tagging": "PutBucketTagging", "website": "PutBucketWebsite",
	}
	bucketDeletes = map[string]string{
		"cors": "DeleteBucketCors", "lifecycle": "DeleteBucketLifecycle", "encryption": "DeleteBucketEncryption",
		"analytics": "DeleteBucketAnalyticsConfiguration", "intelligent-tiering": "DeleteBucketIntelligentTieringConfiguration",
		"inventory": "DeleteBucketInventoryConfiguration", "metrics": "DeleteBucketMetricsConfiguration", "ownershipControls": "DeleteBucketOwnershipControls",
		"policy": "DeleteBucketPolicy", "replication": "DeleteBucketReplication", "tagging": "DeleteBucketTagging", "website": "DeleteBucketWebsite",
	}
	objectSubresources = map[string]string{
		"GET tagging": "GetObjectTagging", "PUT tagging": "PutObjectTagging", "DELETE tagging": "DeleteObjectTagging", "GET acl": "GetObjectAcl", "PUT acl": "PutObjectAcl",
		"GET attributes": "GetObjectAttributes", "GET torrent": "GetObjectTorrent", "GET retention": "GetObjectRetention", "PUT retention": "PutObjectRetention",
		"GET legal-hold": "GetObjectLegalHold", "PUT legal-hold": "PutObjectLegalHold",
	}
	listParameters   = []string{"prefix", "delimiter", "marker", "max-keys", "encoding-type"}
	listV2Parameters = []string{"list-type", "prefix", "delimiter", "continuation-token", "start-after", "max-keys", "encoding-type", "fetch-owner"}
)

// route finds the operation that the request asks for.
func (c *call) route() (operation, error) {
	name, err := "", error(nil)
	switch {
	case c.bucketName == "":
		name, err = c.routeAll()
	case c.key == "":
		name, err = c.routeBucket()
	default:
		name, err = c.routeObject()
	}
	if err != nil {
		return operation{}, err
	}
	op, ok := operations[name]
	if !ok {
		return operation{}, notImplemented("%s not implemented", name)
	}
	return op, nil
}

func noRoute() *Error {
	return newError(http.StatusNotFound, "RouteNotFound", "No route matches this url.")
}

func (c *call) routeAll() (string, error) {
	if c.r.Method != http.MethodGet {
		return "", noRoute()
	}
	return "ListBuckets", c.onlyParameters(func(p string) error {
		return notImplemented("ListBuckets search parameter %s not implemented", p)
	}, "prefix", "start-after", "continuation-token", "max-keys", "max-buckets", "bucket-region")
}

// onlyParameters refuses a parameter of the query that is not among known. Those of the signature, and
// x-id, which says what the client thinks it does, are none.
func (c *call) onlyParameters(refuse func(string) error, known ...string) error {
	for _, p := range c.query {
		if !ownParameter(p.name) && !contains(known, p.name) {
			return refuse(p.name)
		}
	}
	return nil
}

func ownParameter(name string) bool {
	return strings.HasPrefix(strings.ToLower(name), "x-amz-") || name == "x-id"
}

func contains(all []string, s string) bool {
	for _, one := range all {
		if one == s {
			return true
		}
	}
	return false
}

func (c *call) routeBucket() (string, error) {
	switch c.r.Method {
	case http.MethodHead:
		return "HeadBucket", nil
	case http.MethodPut:
		return c.routeMutation(bucketPuts, "CreateBucket")
	case http.MethodDelete:
		return c.routeMutation(bucketDeletes, "DeleteBucket")
	case http.MethodPost:
		if c.query.has("delete") {
			return "DeleteObjects", nil
		}
		return "", noRoute()
	case http.MethodGet:
		for _, p := range c.query {
			if name := bucketGets[p.name]; name != "" {
				return name, nil
			}
		}
		return c.routeList()
	}
	return "", noRoute()
}

func (c *call) routeMutation(subresources map[string]string, bare string) (string, error) {
	var unknown []string
	for _, p := range c.query {
		if name := subresources[p.name]; name != "" {
			return name, nil
		}
		if !ownParameter(p.name) && !contains(unknown, fmt.Sprintf("%q", p.name)) {
			unknown = append(unknown, fmt.Sprintf("%q", p.name))
		}
	}
	if len(unknown) > 0 {
		return "", invalidArgument(fmt.Sprintf("Unsupported search param(s) %s on a %s bucket route", strings.Join(unknown, ", "), c.r.Method))
	}
	return bare, nil
}

func (c *call) routeList() (string, error) {
	name, version, known := "ListObjects", "1", listParameters
	if kind, ok := c.query.get("list-type"); ok {
		if kind != "2" {
			return "", notImplemented("ListObjectsV%s not implemented", kind)
		}
		name, version, known = "ListObjectsV2", "2", listV2Parameters
	} else if c.query.has("continuation-token") {
		return "", invalidArgument("continuation-token not supported in ListObjects")
	}
	return name, c.onlyParameters(func(p string) error {
		return notImplemented("ListObjectsV%s search parameter %s not implemented", version, p)
	}, known...)
}

func (c *call) routeObject() (string, error) {
	copied := c.r.Header.Get("X-Amz-Copy-Source") != ""
	if c.query.has("uploadId") {
		switch c.r.Method {
		case http.MethodGet:
			return "ListParts", nil
		case http.MethodPut:
			if c.query.has("partNumber") && copied {
				return "UploadPartCopy", nil
			}
			if c.query.has("partNumber") {
				return "UploadPart", nil
			}
		case http.MethodPost:
			return "CompleteMultipartUpload", nil
		case http.MethodDelete:
			return "AbortMultipartUpload", nil
		}
	}
	if c.query.has("uploads") && c.r.Method == http.MethodPost {
		return "CreateMultipartUpload", nil
	}
	if c.query.has("uploads") && c.r.Method == http.MethodGet {
		return "ListMultipartUploads", nil
	}
	for _, p := range c.query {
		if name := objectSubresources[c.r.Method+" "+p.name]; name != "" {
			return name, nil
		}
	}
	switch c.r.Method {
	case http.MethodGet, http.MethodHead:
		if c.query.has("partNumber") {
			return "partNumber", nil
		}
		if c.r.Method == http.MethodHead {
			return "HeadObject", nil
		}
		return "GetObject", nil
	case http.MethodPut:
		if copied {
			return "CopyObject", nil
		}
		return "PutObject", nil
	case http.MethodPost:
		return "PutObject", nil
	case http.MethodDelete:
		return "DeleteObject", nil
	}
	return "", noRoute()
}

// cannedACLs are taken and mean nothing: R2 has no ACLs.
var cannedACLs = []string{"private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read", "bucket-owner-full-control"}

// screen refuses headers that R2 does not implement.
func (c *call) screen(op operation) error {
	for _, name := range op.refused {
		if err := c.refuseHeader(name); err != nil {
			return err
		}
	}
	if op.writes {
		if sse := c.r.Header.Get("X-Amz-Server-Side-Encryption"); sse != "" && sse != "AES256" {
			return headerNotImplemented("x-amz-server-side-encryption", sse)
		}
		if acl := c.r.Header.Get("X-Amz-Acl"); acl != "" && !contains(cannedACLs, acl) {
			return headerNotImplemented("x-amz-acl", acl)
		}
	}
	if !op.ssec {
		return nil
	}
	// Deviation: SSE-C is refused.
	for _, name := range []string{"algorithm", "key", "key-MD5"} {
		for _, prefix := range []string{"x-amz-server-side-encryption-customer-", "x-amz-copy-source-server-side-encryption-customer-"} {
			if err := c.refuseHeader(prefix + name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *call) refuseHeader(name string) error {
	if value := c.r.Header.Get(name); value != "" {
		return headerNotImplemented(name, value)
	}
	return nil
}

func headerNotImplemented(name, value string) *Error {
	return notImplemented("Header '%s' with value '%s' not implemented", name, value)
}
