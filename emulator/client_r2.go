package emulator

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A BucketRef is an R2 bucket.
type BucketRef struct {
	Name         string `json:"name"`
	Created      string `json:"creation_date"`
	Location     string `json:"location"`
	StorageClass string `json:"storage_class"`
	Jurisdiction string `json:"jurisdiction"`
}

// headerJurisdiction says in which jurisdiction a request's bucket is.
const headerJurisdiction = "Cf-R2-Jurisdiction"

// A BucketAt names a bucket; an empty Jurisdiction is the default one.
type BucketAt struct{ Name, Jurisdiction string }

// header is what a request about the bucket says of where it is.
func (b BucketAt) header() http.Header {
	h := http.Header{}
	if b.Jurisdiction != "" {
		h.Set(headerJurisdiction, b.Jurisdiction)
	}
	return h
}

// ask sends a request about buckets and decodes the result into out, unless nil.
func (c *Client) ask(ctx context.Context, method, address string, h http.Header, body io.Reader, out any) error {
	b, err := c.askRaw(ctx, method, address, h, body)
	if err != nil || out == nil {
		return err
	}
	var envelope struct{ Result json.RawMessage }
	if err := json.Unmarshal(b, &envelope); err != nil {
		return err
	}
	return json.Unmarshal(envelope.Result, out)
}

// askRaw is ask with the answer as it came.
func (c *Client) askRaw(ctx context.Context, method, address string, h http.Header, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	req.Header = h
	req.Header.Set("Authorization", "Bearer "+c.token)
	res, err := c.do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = asAPIError(res, b)
	}
	return b, err
}

// bucketURL is the address of a bucket, or of what it has.
func (c *Client) bucketURL(b BucketAt, parts ...string) string {
	return c.account("/r2/buckets/" + strings.Join(append([]string{url.PathEscape(c.bucketName(b.Name))}, parts...), "/"))
}

// Buckets lists the buckets of a jurisdiction.
func (c *Client) Buckets(ctx context.Context, jurisdiction string) (all []BucketRef, err error) {
	at := BucketAt{Jurisdiction: jurisdiction}
	for after := ""; ; {
		var page struct{ Buckets []BucketRef }
		q := url.Values{"per_page": {strconv.Itoa(perPage)}, "cursor": {after}}
		if err := c.ask(ctx, http.MethodGet, c.account("/r2/buckets?"+q.Encode()), at.header(), nil, &page); err != nil {
			return nil, err
		}
		if all = append(all, page.Buckets...); len(page.Buckets) < perPage {
			return all, nil
		}
		after = page.Buckets[perPage-1].Name
	}
}

// CreateBucket makes a bucket. An empty class is Standard.
func (c *Client) CreateBucket(ctx context.Context, b BucketAt, class, location string) (*BucketRef, error) {
	in, err := json.Marshal(struct {
		Name         string `json:"name"`
		StorageClass string `json:"storageClass,omitempty"`
		LocationHint string `json:"locationHint,omitempty"`
	}{b.Name, class, location})
	if err != nil {
		return nil, err
	}
	var made BucketRef
	return &made, c.ask(ctx, http.MethodPost, c.account("/r2/buckets"), b.header(), strings.NewReader(string(in)), &made)
}

// Bucket describes a bucket.
func (c *Client) Bucket(ctx context.Context, b BucketAt) (*BucketRef, error) {
	var got BucketRef
	return &got, c.ask(ctx, http.MethodGet, c.bucketURL(b), b.header(), nil, &got)
}

// DeleteBucket removes an empty bucket.
func (c *Client) DeleteBucket(ctx context.Context, b BucketAt) error {
	return c.ask(ctx, http.MethodDelete, c.bucketURL(b), b.header(), nil, nil)
}

// SetStorageClass changes the class of objects that are put into a bucket without one.
func (c *Client) SetStorageClass(ctx context.Context, b BucketAt, class string) error {
	h := b.header()
	h.Set("Cf-R2-Storage-Class", class)
	return c.ask(ctx, http.MethodPatch, c.bucketURL(b), h, nil, nil)
}

// GetObject writes an object to w.
func (c *Client) GetObject(ctx context.Context, b BucketAt, key string, w io.Writer) error {
	return c.download(ctx, c.bucketURL(b, "objects", url.PathEscape(key)), b.header(), w)
}

// PutObject stores an object, which is streamed. The headers are those of its metadata.
func (c *Client) PutObject(ctx context.Context, b BucketAt, key string, body io.Reader, metadata http.Header) error {
	h := b.header()
	for name, values := range metadata {
		h[name] = values
	}
	return c.ask(ctx, http.MethodPut, c.bucketURL(b, "objects", url.PathEscape(key)), h, body, nil)
}

// DeleteObject removes an object.
func (c *Client) DeleteObject(ctx context.Context, b BucketAt, key string) error {
	return c.ask(ctx, http.MethodDelete, c.bucketURL(b, "objects", url.PathEscape(key)), b.header(), nil, nil)
}

// An ObjectRow is an object of a list.
type ObjectRow struct {
	Key          string `json:"key"`
	Size         int64  `json:"size"`
	LastModified string `json:"last_modified"`
	ETag         string `json:"etag"`
	StorageClass string `json:"storage_class"`
}

// Objects calls each with every object whose key begins with prefix.
func (c *Client) Objects(ctx context.Context, b BucketAt, prefix string, each func(ObjectRow) error) error {
	for cursor := ""; ; {
		q := url.Values{"per_page": {strconv.Itoa(perPage)}, "prefix": {prefix}, "cursor": {cursor}}
		body, err := c.askRaw(ctx, http.MethodGet, c.bucketURL(b, "objects")+"?"+q.Encode(), b.header(), nil)
		if err != nil {
			return err
		}
		var page struct {
			Result     []ObjectRow
			ResultInfo struct{ Cursor string } `json:"result_info"`
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return err
		}
		for _, o := range page.Result {
			if err := each(o); err != nil {
				return err
			}
		}
		if cursor = page.ResultInfo.Cursor; cursor == "" {
			return nil
		}
	}
}

// BucketUsage tells how many objects a bucket has, and how many bytes they have.
func (c *Client) BucketUsage(ctx context.Context, b BucketAt) (objects, size int64, err error) {
	var answer struct {
		Data struct {
			Viewer struct {
				Accounts []struct {
					Storage []struct {
						Max struct {
							ObjectCount, PayloadSize int64
						}
					} `json:"r2StorageAdaptiveGroups"`
				}
			}
		}
	}
	name := c.bucketName(b.Name)
	if b.Jurisdiction != "" && b.Jurisdiction != "default" { // as wrangler names a bucket of one
		name = b.Jurisdiction + "_" + name
	}
	in, err := json.Marshal(map[string]any{
		"operationName": "getR2StorageMetrics", "query": "query getR2StorageMetrics {}",
		"variables": map[string]any{"accountTag": AccountID, "filter": map[string]string{"bucketName": name}},
	})
	if err != nil {
		return 0, 0, err
	}
	body, err := c.send(ctx, http.MethodPost, c.door+"/client/v4/graphql", "application/json", strings.NewReader(string(in)))
	if err != nil {
		return 0, 0, err
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return 0, 0, err
	}
	for _, a := range answer.Data.Viewer.Accounts {
		for _, s := range a.Storage {
			objects, size = s.Max.ObjectCount, s.Max.PayloadSize
		}
	}
	return objects, size, nil
}
