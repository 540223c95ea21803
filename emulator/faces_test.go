package emulator_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
)

// A faced object is an object as each way to R2 can tell of it.
type faced struct {
	Body   string            `json:"body"`
	ETag   string            `json:"etag"`
	Class  string            `json:"class"`
	HTTP   map[string]string `json:"http"`
	Custom map[string]string `json:"custom"`
}

// storeFaces is a Worker whose paths are those of what it keeps; x-object says what belongs to a body.
var storeFaces = project(`
export default { async fetch(request, env) {
	const { pathname } = new URL(request.url)
	const key = decodeURIComponent(pathname.slice(4))
	const said = JSON.parse(decodeURIComponent(request.headers.get("x-object") ?? "{}"))
	if (pathname.startsWith("/kv/")) {
		if (request.method === "PUT") return new Response(await env.NS.put(key, request.body, said))
		const { value, metadata } = await env.NS.getWithMetadata(key)
		const { keys } = await env.NS.list({ prefix: key })
		return Response.json({ value, metadata, expiration: keys[0]?.expiration, listed: keys[0]?.metadata })
	}
	if (request.method === "PUT") {
		const { cacheExpiry, ...http } = said.http
		await env.BUCKET.put(key, request.body, { httpMetadata: { ...http, cacheExpiry: new Date(cacheExpiry) }, customMetadata: said.custom, storageClass: said.class })
		return new Response()
	}
	const o = await env.BUCKET.get(key)
	return Response.json({ body: await o.text(), etag: o.etag, class: o.storageClass, http: o.httpMetadata, custom: o.customMetadata })
} }`, `
[[r2_buckets]]
binding = "BUCKET"
bucket_name = "invoices"
[[kv_namespaces]]
binding = "NS"
id = "0123456789abcdef0123456789abcdef"
`)

// objectHeaders are what HTTP calls the fields of httpMetadata.
var objectHeaders = map[string]string{
	"contentType": "Content-Type", "contentLanguage": "Content-Language", "contentDisposition": "Content-Disposition",
	"contentEncoding": "Content-Encoding", "cacheControl": "Cache-Control", "cacheExpiry": "Expires",
}

// sent are the fields of httpMetadata as a request has them.
func (f faced) sent() []string {
	var headers []string
	for field, value := range f.HTTP {
		if field == "cacheExpiry" {
			value = "Wed, 02 Jan 2030 03:04:05 GMT"
		}
		headers = append(headers, objectHeaders[field], value)
	}
	return headers
}

// httpOf reads httpMetadata from the headers of an answer.
func httpOf(t *testing.T, h http.Header) map[string]string {
	t.Helper()
	m := map[string]string{}
	for field, name := range objectHeaders {
		value := h.Get(name)
		if field == "cacheExpiry" && value != "" {
			at, err := http.ParseTime(value)
			if err != nil {
				t.Fatal(err)
			}
			value = at.Format("2006-01-02T15:04:05.000Z")
		}
		if value != "" {
			m[field] = value
		}
	}
	return m
}

// askREST asks client/v4 for what is no JSON.
func askREST(t *testing.T, h *emulatortest.House, method, path string, body io.Reader, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, h.ControlURL+r2Account+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() }) // read to its end
	return res
}

// text is the body of an answer that must be a success.
func text(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%s %s is answered %d %s, %v", res.Request.Method, res.Request.URL, res.StatusCode, b, err)
	}
	return string(b)
}

// escapedJSON is v as the Worker wants it in a header.
func escapedJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return url.PathEscape(string(b))
}

// A face is a way to the objects of a bucket.
type face struct {
	name string
	put  func(t *testing.T, key string, f faced)
	get  func(t *testing.T, key string) faced
}

func boundFace(h *emulatortest.House) face {
	return face{"the binding", func(t *testing.T, key string, f faced) {
		body := f.Body
		f.Body = "" // it goes as the body
		if a := h.Ask("PUT", "/r2/"+url.PathEscape(key), body, "x-object", escapedJSON(t, f)); a.StatusCode != 200 {
			t.Fatalf("put: %d %s", a.StatusCode, a.Text)
		}
	}, func(t *testing.T, key string) (f faced) {
		if err := json.Unmarshal([]byte(h.Get("/r2/"+url.PathEscape(key)).Text), &f); err != nil {
			t.Fatal(err)
		}
		return f
	}}
}

func restFace(h *emulatortest.House) face {
	path := func(key string) string { return "/r2/buckets/invoices/objects/" + url.PathEscape(key) }
	return face{"client/v4", func(t *testing.T, key string, f faced) {
		custom, err := json.Marshal(f.Custom)
		if err != nil {
			t.Fatal(err)
		}
		text(t, askREST(t, h, "PUT", path(key), strings.NewReader(f.Body),
			append(f.sent(), "Cf-R2-Storage-Class", f.Class, "Cf-R2-Custom-Metadata", string(custom))...))
	}, func(t *testing.T, key string) faced {
		res := askREST(t, h, "GET", path(key), nil)
		body := text(t, res)
		var known struct {
			Result struct {
				ETag   string
				Class  string            `json:"storage_class"`
				HTTP   map[string]string `json:"http_metadata"`
				Custom map[string]string `json:"custom_metadata"`
			}
		}
		if err := json.Unmarshal([]byte(text(t, askREST(t, h, "GET", path(key), nil, "Cf-Metadata-Only", "true"))), &known); err != nil {
			t.Fatal(err)
		}
		o := known.Result
		if sent := httpOf(t, res.Header); !maps.Equal(sent, o.HTTP) || res.Header.Get("ETag") != `"`+o.ETag+`"` {
			t.Errorf("the object comes with %v, its description says %+v", res.Header, o)
		}
		return faced{body, o.ETag, o.Class, o.HTTP, o.Custom}
	}}
}

func s3Face(h *emulatortest.House) face {
	door, access := h.URLs().S3, h.S3Access()
	classes := map[string]string{"Standard": "STANDARD", "InfrequentAccess": "STANDARD_IA"}
	return face{"S3", func(t *testing.T, key string, f faced) {
		headers := append(f.sent(), "x-amz-storage-class", classes[f.Class])
		for name, value := range f.Custom {
			headers = append(headers, "x-amz-meta-"+name, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(value))+"?=")
		}
		if status, _, body := askS3(t, door, access, "PUT", "/invoices/"+url.PathEscape(key), f.Body, headers...); status != 200 {
			t.Fatalf("put: %d %s", status, body)
		}
	}, func(t *testing.T, key string) faced {
		status, header, body := askS3(t, door, access, "GET", "/invoices/"+url.PathEscape(key), "", "Accept-Encoding", "identity")
		if status != 200 {
			t.Fatalf("get: %d %s", status, body)
		}
		f := faced{Body: body, ETag: strings.Trim(header.Get("ETag"), `"`), HTTP: httpOf(t, header), Custom: map[string]string{}}
		for class, name := range classes {
			if name == header.Get("x-amz-storage-class") || name == "STANDARD" && header.Get("x-amz-storage-class") == "" {
				f.Class = class
			}
		}
		for name, values := range header {
			if key, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-meta-"); ok {
				value, err := new(mime.WordDecoder).DecodeHeader(values[0])
				if err != nil {
					t.Error(err)
				}
				f.Custom[key] = value
			}
		}
		return f
	}}
}

// Whatever way an object comes, the others read it whole: bytes, etag, class and all metadata.
func TestTheWaysToABucketAgree(t *testing.T) {
	h := emulatortest.Start(t, storeFaces, emulator.Options{})
	all := map[string]string{
		"contentType": "text/x; charset=utf-8", "contentLanguage": "de", "contentDisposition": `attachment; filename="a b.txt"`,
		"contentEncoding": "identity", "cacheControl": "max-age=5", "cacheExpiry": "2030-01-02T03:04:05.000Z",
	}
	objects := map[string]faced{
		"a/b c+ü.txt": {"hello", "5d41402abc4b2a76b9719d911017c592", "Standard", all, map[string]string{"plain": "1", "umlaut": "für 東京 🐎", "spaces": "a  b", "looks-encoded": "=?utf-8?q?x?="}},
		"empty":       {"", "d41d8cd98f00b204e9800998ecf8427e", "InfrequentAccess", all, map[string]string{"one": "1"}},
		"large":       {strings.Repeat("0123456789", 100_000), "", "InfrequentAccess", all, map[string]string{}},
	}
	faces := []face{boundFace(h), restFace(h), s3Face(h)}
	for _, writer := range faces {
		for key, want := range objects {
			writer.put(t, key, want)
			for _, reader := range faces {
				got := reader.get(t, key)
				if want.ETag == "" {
					want.ETag = got.ETag // the first reader's, which the others must say too
				}
				if got.Body != want.Body {
					t.Errorf("%s of %s: %s reads %d bytes, want %d", key, writer.name, reader.name, len(got.Body), len(want.Body))
				}
				got.Body = ""
				said := want
				if said.Body = ""; !reflect.DeepEqual(got, said) {
					t.Errorf("%s of %s: %s reads\n%+v, want\n%+v", key, writer.name, reader.name, got, said)
				}
			}
		}
	}
}

// What the binding writes client/v4 reads with metadata and expiration, and the other way round.
func TestTheWaysToANamespaceAgree(t *testing.T) {
	h := emulatortest.Start(t, storeFaces, emulator.Options{})
	type pair struct {
		Value, Metadata string
		Expiration      int64
	}
	const values = "/storage/kv/namespaces/0123456789abcdef0123456789abcdef"
	later := time.Date(2037, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	puts := map[string]func(key string, p pair){
		"the binding": func(key string, p pair) {
			said := anyMap{"metadata": json.RawMessage(p.Metadata)}
			if p.Expiration != 0 {
				said["expiration"] = p.Expiration
			}
			if a := h.Ask("PUT", "/kv/"+url.PathEscape(key), p.Value, "x-object", escapedJSON(t, said)); a.StatusCode != 200 {
				t.Fatalf("put: %d %s", a.StatusCode, a.Text)
			}
		},
		"client/v4": func(key string, p pair) {
			query := ""
			if p.Expiration != 0 {
				query = fmt.Sprintf("?expiration=%d", p.Expiration)
			}
			form := "--x\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n" + p.Metadata + "\r\n--x\r\nContent-Disposition: form-data; name=\"value\"\r\n\r\n" + p.Value + "\r\n--x--\r\n"
			text(t, askREST(t, h, "PUT", values+"/values/"+url.PathEscape(key)+query, strings.NewReader(form), "Content-Type", "multipart/form-data; boundary=x"))
		},
	}
	gets := map[string]func(key string) pair{
		"the binding": func(key string) pair {
			var a struct {
				Value            string
				Metadata, Listed json.RawMessage
				Expiration       int64
			}
			if err := json.Unmarshal([]byte(h.Get("/kv/"+url.PathEscape(key)).Text), &a); err != nil {
				t.Fatal(err)
			}
			if string(a.Metadata) != string(a.Listed) {
				t.Errorf("get has the metadata %s, list %s", a.Metadata, a.Listed)
			}
			return pair{a.Value, string(a.Metadata), a.Expiration}
		},
		"client/v4": func(key string) pair {
			res := askREST(t, h, "GET", values+"/values/"+url.PathEscape(key), nil)
			value := text(t, res)
			listed := result[[]struct {
				Name       string
				Expiration int64
				Metadata   json.RawMessage
			}](t, h, "GET", values+"/keys?prefix="+url.QueryEscape(key), nil)
			metadata := result[json.RawMessage](t, h, "GET", values+"/metadata/"+url.PathEscape(key), nil)
			if len(listed) != 1 || string(listed[0].Metadata) != string(metadata) {
				t.Fatalf("%s is listed as %+v, and its metadata is %s", key, listed, metadata)
			}
			if sent := res.Header.Get("Expiration"); sent != "" && sent != fmt.Sprint(listed[0].Expiration) {
				t.Errorf("%s comes with the expiration %s, and is listed as %+v", key, sent, listed[0])
			}
			return pair{value, string(metadata), listed[0].Expiration}
		},
	}
	for writer, put := range puts {
		for key, want := range map[string]pair{
			"a/b c+ü": {"für 東京", `{"umlaut":"für 🐎","n":1}`, later},
			"lasting": {"x", `["a"]`, 0},
			"empty":   {"", `"ü"`, later},
		} {
			put(key, want)
			for reader, get := range gets {
				if got := get(key); got != want {
					t.Errorf("%s of %s: %s reads %+v, want %+v", key, writer, reader, got, want)
				}
			}
		}
	}
}
