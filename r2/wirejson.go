package r2

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// A number is an integer that comes as a string when it may have 64 bits, as Cap'n Proto writes it.
type number int64

func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseInt(string(bytes.Trim(b, `"`)), 10, 64)
	*n = number(v)
	return err
}

// A wireRequest holds the fields of all methods.
type wireRequest struct {
	Method string `json:"method"`
	Object string `json:"object"`

	Objects []string `json:"objects"` // delete; nil: the one in Object

	Range       *wireRange      `json:"range"`
	RangeHeader string          `json:"rangeHeader"`
	OnlyIf      *wireConditions `json:"onlyIf"`

	CustomFields []wireField `json:"customFields"`
	HTTPFields   wireHTTP    `json:"httpFields"`
	StorageClass string      `json:"storageClass"`
	MD5          []byte      `json:"md5"` // base64, unlike the others
	SHA1         hexBytes    `json:"sha1"`
	SHA256       hexBytes    `json:"sha256"`
	SHA384       hexBytes    `json:"sha384"`
	SHA512       hexBytes    `json:"sha512"`

	Limit      *int   `json:"limit"`
	Prefix     string `json:"prefix"`
	Cursor     string `json:"cursor"`
	Delimiter  string `json:"delimiter"`
	StartAfter string `json:"startAfter"`
	Include    []int  `json:"include"`

	UploadID   string     `json:"uploadId"`
	PartNumber int        `json:"partNumber"`
	Parts      []wirePart `json:"parts"`

	SSEC *json.RawMessage `json:"ssec"`
}

// The fields that a list can be asked to include.
const (
	includeHTTP   = 0
	includeCustom = 1
)

type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	raw, err := hex.DecodeString(text)
	*h = raw
	return err
}

type wireRange struct {
	Offset *number `json:"offset"`
	Length *number `json:"length"`
	Suffix *number `json:"suffix"`
}

type wireConditions struct {
	ETagMatches        []wireETag `json:"etagMatches"`
	ETagDoesNotMatch   []wireETag `json:"etagDoesNotMatch"`
	UploadedBefore     *number    `json:"uploadedBefore"`
	UploadedAfter      *number    `json:"uploadedAfter"`
	SecondsGranularity bool       `json:"secondsGranularity"`
}

type wireETag struct {
	Value string `json:"value"`
	Type  string `json:"type"` // strong, weak, wildcard
}

type wireField struct {
	K string `json:"k"`
	V string `json:"v"`
}

type wireHTTP struct {
	ContentType        string  `json:"contentType,omitempty"`
	ContentLanguage    string  `json:"contentLanguage,omitempty"`
	ContentDisposition string  `json:"contentDisposition,omitempty"`
	ContentEncoding    string  `json:"contentEncoding,omitempty"`
	CacheControl       string  `json:"cacheControl,omitempty"`
	CacheExpiry        *number `json:"cacheExpiry,omitempty"`
}

type wirePart struct {
	ETag string `json:"etag"`
	Part int    `json:"part,omitempty"`
}

type wireUpload struct {
	UploadID string `json:"uploadId"`
}

func (r *wireRequest) upload() Upload { return Upload{Key: r.Object, ID: r.UploadID} }

func (r *wireRequest) getOptions() GetOptions {
	o := GetOptions{RangeHeader: r.RangeHeader, OnlyIf: r.OnlyIf.conditions()}
	if r.Range != nil {
		o.Range = &RangeRequest{(*int64)(r.Range.Offset), (*int64)(r.Range.Length), (*int64)(r.Range.Suffix)}
	}
	return o
}

func (r *wireRequest) putOptions() PutOptions {
	h := r.HTTPFields
	o := PutOptions{
		HTTP: HTTPMetadata{
			ContentType: h.ContentType, ContentLanguage: h.ContentLanguage,
			ContentDisposition: h.ContentDisposition, ContentEncoding: h.ContentEncoding,
			CacheControl: h.CacheControl, CacheExpiry: timeOf(h.CacheExpiry),
		},
		StorageClass: r.StorageClass,
		Checksums:    Checksums{MD5: r.MD5, SHA1: r.SHA1, SHA256: r.SHA256, SHA384: r.SHA384, SHA512: r.SHA512},
		OnlyIf:       r.OnlyIf.conditions(),
	}
	if len(r.CustomFields) > 0 {
		o.Custom = map[string]string{}
		for _, f := range r.CustomFields {
			o.Custom[f.K] = f.V
		}
	}
	return o
}

func (c *wireConditions) conditions() *Conditions {
	if c == nil {
		return nil
	}
	return &Conditions{
		ETagMatches: etags(c.ETagMatches), ETagDoesNotMatch: etags(c.ETagDoesNotMatch),
		UploadedBefore: timeOf(c.UploadedBefore), UploadedAfter: timeOf(c.UploadedAfter),
		SecondsGranularity: c.SecondsGranularity,
	}
}

// etags keeps apart a list that is empty and one that was not given.
func etags(list []wireETag) []ETag {
	if list == nil {
		return nil
	}
	all := make([]ETag, len(list))
	for i, e := range list {
		all[i] = ETag{Value: e.Value, Weak: e.Type == "weak", Wildcard: e.Type == "wildcard"}
	}
	return all
}

// A wireObject is an object's metadata. Absent fields are left out: the client takes null for a value.
type wireObject struct {
	Name         string            `json:"name"`
	Version      string            `json:"version"`
	Size         int64             `json:"size"`
	ETag         string            `json:"etag"`
	Uploaded     int64             `json:"uploaded"`
	HTTPFields   *wireHTTP         `json:"httpFields,omitempty"`
	CustomFields []wireField       `json:"customFields,omitempty"`
	Range        *wireObjectRange  `json:"range,omitempty"`
	Checksums    map[string]string `json:"checksums"`
	StorageClass string            `json:"storageClass"`
}

type wireObjectRange struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
}

// encodeObject renders o, with its HTTP and custom metadata as asked.
func encodeObject(o *Object, withHTTP, withCustom bool) wireObject {
	w := wireObject{
		Name: o.Key, Version: o.Version, Size: o.Size, ETag: o.ETag, Uploaded: o.Uploaded.UnixMilli(),
		Checksums: map[string]string{}, StorageClass: o.StorageClass,
	}
	for a := range wireAlgorithms {
		if sum := a.Of(o.Checksums); len(sum) > 0 {
			w.Checksums[strconv.Itoa(int(a))] = hex.EncodeToString(sum)
		}
	}
	if o.Range != nil {
		w.Range = &wireObjectRange{o.Range.Offset, o.Range.Length}
	}
	if withHTTP && o.HTTP != (HTTPMetadata{}) {
		w.HTTPFields = encodeHTTP(o.HTTP)
	}
	if withCustom {
		for _, k := range slices.Sorted(maps.Keys(o.Custom)) {
			w.CustomFields = append(w.CustomFields, wireField{k, o.Custom[k]})
		}
	}
	return w
}

func encodeHTTP(h HTTPMetadata) *wireHTTP {
	w := &wireHTTP{
		ContentType: h.ContentType, ContentLanguage: h.ContentLanguage,
		ContentDisposition: h.ContentDisposition, ContentEncoding: h.ContentEncoding,
		CacheControl: h.CacheControl,
	}
	if !h.CacheExpiry.IsZero() {
		ms := number(h.CacheExpiry.UnixMilli())
		w.CacheExpiry = &ms
	}
	return w
}

type wirePage struct {
	Objects   []wireObject `json:"objects"`
	Truncated bool         `json:"truncated"`
	Cursor    string       `json:"cursor,omitempty"`
	Prefixes  []string     `json:"delimitedPrefixes"`
}

func encodePage(page ListPage, include []int) wirePage {
	w := wirePage{
		Objects: make([]wireObject, len(page.Objects)), Truncated: page.Cursor != "",
		Cursor: page.Cursor, Prefixes: append([]string{}, page.Prefixes...),
	}
	withHTTP, withCustom := slices.Contains(include, includeHTTP), slices.Contains(include, includeCustom)
	for i, o := range page.Objects {
		w.Objects[i] = encodeObject(o, withHTTP, withCustom)
	}
	return w
}

func timeOf(ms *number) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(*ms))
}
