package s3

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/cfemu/cfemu/r2"
)

func TestLists(t *testing.T) {
	setup := func(e *endpoint) {
		for _, key := range []string{"2025/a.txt", "2025/b.txt", "2026/c.txt", "d%20&'.txt", "e.txt"} {
			e.must("PUT", "/invoices/"+awsEscape(key), "12345")
		}
	}
	run(t, setup, map[string]try{
		"have all that there is to say of an object": {request: "GET /invoices?list-type=2&prefix=e", status: 200, want: []string{
			`<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>invoices</Name>`,
			"<Contents><Key>e.txt</Key><Size>5</Size><LastModified>2026-01-02T03:04:05.600Z</LastModified>" +
				"<ETag>&quot;827ccb0eea8a706c4c34a16891f84e7b&quot;</ETag><StorageClass>STANDARD</StorageClass></Contents>",
			"<IsTruncated>false</IsTruncated><Prefix>e</Prefix><MaxKeys>1000</MaxKeys>", "<KeyCount>1</KeyCount>",
		}},
		"escape what XML must not have":    {request: "GET /invoices?prefix=d", status: 200, want: []string{"<Key>d%20&amp;&apos;.txt</Key>"}},
		"escape keys as URLs do":           {request: "GET /invoices?prefix=d&encoding-type=url", status: 200, want: []string{"<Key>d%2520%26%27.txt</Key>", "<EncodingType>url</EncodingType>"}},
		"know no other escape":             {request: "GET /invoices?encoding-type=xml", status: 501, want: []string{"NotImplemented", "Unrecognized encoding-type &quot;xml&quot; not implemented"}},
		"say the owner when asked":         {request: "GET /invoices?list-type=2&prefix=e&fetch-owner=true", status: 200, want: []string{"<Owner><ID>account</ID>"}},
		"group by a delimiter":             {request: "GET /invoices?list-type=2&delimiter=/", status: 200, want: []string{"<CommonPrefixes><Prefix>2025/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>2026/</Prefix>", "<Delimiter>/</Delimiter>", "<KeyCount>4</KeyCount>"}},
		"group behind a prefix":            {request: "GET /invoices?list-type=2&delimiter=/&prefix=2025/", status: 200, want: []string{"<Key>2025/a.txt</Key>", "<KeyCount>2</KeyCount>"}},
		"begin behind a key":               {request: "GET /invoices?list-type=2&start-after=2026", status: 200, want: []string{"<Name>invoices</Name><Contents><Key>2026/c.txt</Key>", "<StartAfter>2026</StartAfter>"}},
		"begin behind a marker":            {request: "GET /invoices?marker=2025/b.txt", status: 200, want: []string{"<Name>invoices</Name><Contents><Key>2026/c.txt</Key>", "<Marker>2025/b.txt</Marker>"}},
		"say where they stop":              {request: "GET /invoices?max-keys=2", status: 200, want: []string{"<IsTruncated>true</IsTruncated>", "<Marker></Marker><NextMarker>2025/b.txt</NextMarker>", "<MaxKeys>2</MaxKeys>"}},
		"stop at a prefix":                 {request: "GET /invoices?max-keys=1&delimiter=/", status: 200, want: []string{"<NextMarker>2025/</NextMarker>"}},
		"go on behind a prefix":            {request: "GET /invoices?marker=2025/&delimiter=/", status: 200, want: []string{"<CommonPrefixes><Prefix>2026/</Prefix></CommonPrefixes><Prefix>"}},
		"take a slash for the bucket":      {request: "GET /invoices/?list-type=2", status: 200, want: []string{"<KeyCount>5</KeyCount>"}},
		"of nothing say whether there is":  {request: "GET /invoices?list-type=2&max-keys=0", status: 200, want: []string{"<Name>invoices</Name><IsTruncated>true</IsTruncated>", "<MaxKeys>0</MaxKeys>", "<KeyCount>0</KeyCount>"}},
		"round down":                       {request: "GET /invoices?list-type=2&max-keys=1.9", status: 200, want: []string{"<MaxKeys>1</MaxKeys>", "<KeyCount>1</KeyCount>"}},
		"echo what is too much":            {request: "GET /invoices?list-type=2&max-keys=5000", status: 200, want: []string{"<MaxKeys>5000</MaxKeys>"}},
		"have no pages below nothing":      {request: "GET /invoices?max-keys=-1", status: 400, want: []string{"InvalidMaxKeys", "MaxKeys params must be positive integer &lt;= 1000."}},
		"have numbers":                     {request: "GET /invoices?max-keys=many", status: 400, want: []string{"InvalidMaxKeys"}},
		"are numbered":                     {request: "GET /invoices?list-type=3", status: 501, want: []string{"NotImplemented", "ListObjectsV3 not implemented"}},
		"of old have no tokens":            {request: "GET /invoices?continuation-token=x", status: 400, want: []string{"InvalidArgument", "continuation-token not supported in ListObjects"}},
		"have tokens that were given":      {request: "GET /invoices?list-type=2&continuation-token=%25", status: 400, want: []string{"InvalidArgument"}},
		"have parameters of their version": {request: "GET /invoices?list-type=2&marker=x", status: 501, want: []string{"NotImplemented", "ListObjectsV2 search parameter marker not implemented"}},
		"ignore x-id":                      {request: "GET /invoices?list-type=2&x-id=ListObjectsV2", status: 200},
		"are of buckets that exist":        {request: "GET /letters?list-type=2", status: 404, want: []string{"NoSuchBucket"}},
		"of versions are none":             {request: "GET /invoices?versions", status: 501, want: []string{"NotImplemented", "ListObjectVersions not implemented"}},
	})
}

// Whatever the page size, all pages together are the whole list, by tokens and by markers.
func TestListsAreWhole(t *testing.T) {
	e := start(t)
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[ab/+ ü]{1,5}`), 1, 25, rapid.ID[string]).Draw(t, "keys")
		delimiter := rapid.SampledFrom([]string{"", "/", "ab"}).Draw(t, "delimiter")
		size := rapid.IntRange(1, 5).Draw(t, "size")
		// The binding writes what S3 reads.
		all, err := e.bucket.List(e.t.Context(), r2.ListQuery{})
		for _, o := range all.Objects {
			err = e.bucket.Delete(e.t.Context(), o.Key)
		}
		for _, key := range keys {
			if _, perr := e.bucket.Put(e.t.Context(), key, strings.NewReader(key), r2.PutOptions{}); perr != nil {
				err = perr
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		want, seen := []string{}, map[string]bool{}
		slices.Sort(keys)
		for _, key := range keys {
			if i := strings.Index(key, delimiter); delimiter != "" && i >= 0 {
				key = key[:i+len(delimiter)]
			}
			if !seen[key] {
				want = append(want, key)
			}
			seen[key] = true
		}
		slices.Sort(want)
		for _, version := range []string{"", "&list-type=2"} {
			if got := e.pages("/invoices?encoding-type=url&max-keys="+strconv.Itoa(size)+"&delimiter="+awsEscape(delimiter)+version, size); !slices.Equal(got, want) {
				t.Errorf("list%s: got %q, want %q", version, got, want)
			}
		}
	})
}

// pages reads all pages of a list.
func (e *endpoint) pages(target string, size int) (all []string) {
	for next, n := "", 0; ; n++ {
		if n > 100 {
			e.t.Fatalf("%s goes round in circles: %q", target, all)
		}
		a := e.must("GET", target+next, "")
		rows := append(a.elements("Key"), a.elements("CommonPrefixes")...)
		if len(rows) > size {
			e.t.Errorf("a page of %d", len(rows))
		}
		for _, row := range rows {
			key, _ := url.PathUnescape(strings.TrimSuffix(strings.TrimPrefix(row, "<Prefix>"), "</Prefix>"))
			all = append(all, key)
		}
		token, marker := a.element("NextContinuationToken"), a.element("NextMarker")
		switch {
		case a.element("IsTruncated") == "false":
			slices.Sort(all)
			return all
		case token != "":
			next = "&continuation-token=" + awsEscape(token)
		case marker != "":
			next = "&marker=" + marker
		default:
			e.t.Fatalf("no way on: %s", a.Body)
		}
	}
}

func TestDeleteObjects(t *testing.T) {
	setup := func(e *endpoint) { e.must("PUT", "/invoices/a", "x"); e.must("PUT", "/invoices/b%20%26", "x") }
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "<Object><Key>%d</Key></Object>", i)
		}
		return "<Delete>" + b.String() + "</Delete>"
	}
	run(t, setup, map[string]try{
		"what is not there is deleted too": {request: "POST /invoices?delete", body: `<?xml version="1.0"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>b &amp;</Key></Object><Object><Key>no</Key></Object></Delete>`,
			status: 200, want: []string{"<Deleted><Key>b &amp;</Key></Deleted><Deleted><Key>no</Key></Deleted></DeleteResult>"}},
		"R2 is never quiet":         {request: "POST /invoices?delete", body: "<Delete><Quiet>true</Quiet><Object><Key>a</Key></Object></Delete>", status: 200, want: []string{"<Deleted><Key>a</Key></Deleted>"}},
		"quiet is yes or no":        {request: "POST /invoices?delete", body: "<Delete><Quiet>maybe</Quiet><Object><Key>a</Key></Object></Delete>", status: 400, want: []string{"MalformedXML"}},
		"a thousand":                {request: "POST /invoices?delete", body: many(1000), status: 200},
		"no more":                   {request: "POST /invoices?delete", body: many(1001), status: 400, want: []string{"MalformedXML"}},
		"not none":                  {request: "POST /invoices?delete", body: "<Delete></Delete>", status: 400, want: []string{"MalformedXML"}},
		"no key":                    {request: "POST /invoices?delete", body: "<Delete><Object/></Delete>", status: 400, want: []string{"MalformedXML"}},
		"another document":          {request: "POST /invoices?delete", body: "<Remove><Object><Key>a</Key></Object></Remove>", status: 400, want: []string{"MalformedXML"}},
		"half a document":           {request: "POST /invoices?delete", body: "<Delete><Object><Key>a", status: 400, want: []string{"MalformedXML"}},
		"two documents":             {request: "POST /invoices?delete", body: many(1) + many(1), status: 400, want: []string{"MalformedXML"}},
		"none":                      {request: "POST /invoices?delete", status: 400, want: []string{"MalformedXML"}},
		"an entity is not expanded": {request: "POST /invoices?delete", body: `<!DOCTYPE x [<!ENTITY k "a">]><Delete><Object><Key>&k;</Key></Object></Delete>`, status: 400, want: []string{"MalformedXML"}},
		"a document with its hash":  {request: "POST /invoices?delete", headers: []string{"Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="}, body: many(1), status: 400, want: []string{"BadDigest"}},
	})
	e := start(t)
	setup(e)
	e.must("POST", "/invoices?delete", "<Delete><Object><Key>a</Key></Object></Delete>")
	if a := e.must("GET", "/invoices", ""); !slices.Equal(a.elements("Key"), []string{"b &amp;"}) {
		t.Errorf("left are %s", a.Body)
	}
}
