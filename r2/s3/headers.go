package s3

import (
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cfemu/cfemu/r2"
)

func quoted(etag string) string { return `"` + etag + `"` }

func isCode(err error, code r2.Code) bool {
	var e *r2.Error
	return errors.As(err, &e) && e.Code == code
}

// storageClassName is what the S3 API calls a storage class.
func storageClassName(class string) string {
	if class == r2.InfrequentAccess {
		return "STANDARD_IA"
	}
	return "STANDARD"
}

// describe reads what a write says of its object beside the body.
func (c *call) describe() (o r2.PutOptions, err error) {
	h := c.r.Header
	o.HTTP = r2.HTTPMetadata{
		ContentType: h.Get("Content-Type"), ContentLanguage: h.Get("Content-Language"), ContentDisposition: h.Get("Content-Disposition"),
		ContentEncoding: contentEncoding(h), CacheControl: h.Get("Cache-Control"),
	}
	if t, err := http.ParseTime(h.Get("Expires")); err == nil {
		o.HTTP.CacheExpiry = t
	}
	switch class := h.Get("X-Amz-Storage-Class"); class {
	case "":
	case "STANDARD":
		o.StorageClass = r2.Standard
	case "STANDARD_IA":
		o.StorageClass = r2.InfrequentAccess
	default:
		return o, newError(http.StatusBadRequest, "InvalidStorageClass", "The storage class specified is not valid.")
	}
	o.Custom = customMetadata(h)
	return o, nil
}

const metadataPrefix = "X-Amz-Meta-"

// customMetadata reads the x-amz-meta-* headers. Values may be encoded as those of mails are.
func customMetadata(h http.Header) map[string]string {
	var m map[string]string
	for name, values := range h {
		key, ok := strings.CutPrefix(name, metadataPrefix)
		if !ok || key == "" {
			continue
		}
		if m == nil {
			m = map[string]string{}
		}
		value := strings.Join(values, ",")
		if decoded, err := new(mime.WordDecoder).DecodeHeader(value); err == nil {
			value = decoded
		}
		m[strings.ToLower(key)] = value
	}
	return m
}

// setCustom tells custom metadata. What no header can say is counted.
func setCustom(h http.Header, custom map[string]string) {
	missing := 0
	for key, value := range custom {
		if !isToken(key) {
			missing++
			continue
		}
		// Some clients keep a name as it comes, and R2's are in lower case.
		h[strings.ToLower(metadataPrefix+key)] = []string{encodeWord(value)}
	}
	if missing > 0 {
		h.Set("X-Amz-Missing-Meta", strconv.Itoa(missing))
	}
}

// encodeWord encodes a value that no header can have as it is.
func encodeWord(value string) string {
	plain := strings.TrimSpace(value) == value && !strings.Contains(value, "=?")
	for i := range len(value) {
		plain = plain && value[i] >= ' ' && value[i] < 0x7f
	}
	if plain {
		return value
	}
	if encoded := mime.BEncoding.Encode("utf-8", value); encoded != value {
		return encoded
	}
	return "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte(value)) + "?="
}

// isToken reports whether s can be part of a header's name.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("()<>@,;:\\\"/[]?={}", c) >= 0 {
			return false
		}
	}
	return s != ""
}

// conditions reads conditional headers whose names begin with prefix; nil: there are none.
func conditions(h http.Header, prefix string) *r2.Conditions {
	c := &r2.Conditions{SecondsGranularity: true}
	c.ETagMatches = etags(h.Values(prefix + "If-Match"))
	c.ETagDoesNotMatch = etags(h.Values(prefix + "If-None-Match"))
	for name, at := range map[string]*time.Time{"If-Modified-Since": &c.UploadedAfter, "If-Unmodified-Since": &c.UploadedBefore} {
		if text := h.Get(prefix + name); text != "" {
			t, err := http.ParseTime(text)
			if err != nil {
				continue // RFC 9110 §13.1.3: a date that is none is ignored
			}
			*at = t
		}
	}
	if !c.UploadedBefore.IsZero() {
		c.UploadedBefore = c.UploadedBefore.Add(time.Second) // the header's second is allowed too
	}
	if c.ETagMatches == nil && c.ETagDoesNotMatch == nil && c.UploadedAfter.IsZero() && c.UploadedBefore.IsZero() {
		return nil
	}
	return c
}

// etags reads a list of etags; nil: there is none.
func etags(values []string) []r2.ETag {
	var all []r2.ETag
	for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
		item = strings.TrimSpace(item)
		switch {
		case item == "":
		case item == "*":
			all = append(all, r2.ETag{Wildcard: true})
		default:
			value, weak := strings.CutPrefix(item, "W/")
			all = append(all, r2.ETag{Value: strings.Trim(value, `"`), Weak: weak})
		}
	}
	return all
}
