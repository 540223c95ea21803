package s3

import (
	"net/http"
	"strings"
	"testing"
)

// FuzzDocuments sends documents of any content to the operations that read one: whatever it is, the answer
// is a success or an error of the client's, and is XML.
func FuzzDocuments(f *testing.F) {
	for _, doc := range []string{
		"", "<Delete><Object><Key>a</Key></Object></Delete>", "<CreateBucketConfiguration><LocationConstraint>auto</LocationConstraint></CreateBucketConfiguration>",
		completed("etag"), `<?xml version="1.0" encoding="UTF-16"?><Delete/>`, "<Delete>\x00</Delete>", "<a:Delete xmlns:a='b'><a:Object/></a:Delete>",
		`<!DOCTYPE a [<!ENTITY b "c">]><Delete><Object><Key>&b;</Key></Object></Delete>`, strings.Repeat("<Delete>", 1000),
		"<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><MaxAgeSeconds>-1</MaxAgeSeconds></CORSRule></CORSConfiguration>",
		"<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status><Filter><Prefix/></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>",
	} {
		f.Add(doc)
	}
	e := start(f)
	id := e.begin("a")
	f.Fuzz(func(t *testing.T, doc string) {
		e.t = t
		for _, request := range []string{
			"POST /invoices?delete", "POST /invoices/a?uploadId=" + id, "PUT /fuzzed", "PUT /invoices?cors", "PUT /invoices?lifecycle",
		} {
			method, target, _ := strings.Cut(request, " ")
			if a := e.ask(method, target, doc); a.Status >= 500 && a.Status != http.StatusNotImplemented {
				t.Errorf("%s of %q: %d %s", request, doc, a.Status, a.Body)
			}
		}
		e.ask("DELETE", "/fuzzed", "")
	})
}

// FuzzLists asks for lists with parameters of any content.
func FuzzLists(f *testing.F) {
	for _, q := range []string{
		"list-type=2&max-keys=1", "max-keys=1e3&marker=a", "delimiter=%2F&encoding-type=url", "list-type=2&continuation-token=YQ%3D%3D", "prefix=%FF&delimiter=%00",
		"uploads=&max-uploads=0&key-marker=a&upload-id-marker=b", "max-keys=-0", "max-keys=Infinity", "max-keys=0x10", "uploadId=a&max-parts=1&part-number-marker=1e9",
	} {
		f.Add(q)
	}
	e := start(f)
	for _, key := range []string{"a", "a/b", "a%2Fc", "%E2%98%95"} {
		e.must("PUT", "/invoices/"+key, "x")
	}
	e.begin("u")
	f.Fuzz(func(t *testing.T, q string) {
		e.t = t
		parsed := parseQuery(q)
		if parsed.has("X-Amz-Credential") {
			return
		}
		for _, path := range []string{"/invoices", "/invoices/u", "/"} {
			r := e.signed("GET", path+"?"+parsed.canonical(false), "")
			if a := e.send(r); a.Status >= 500 && a.Status != http.StatusNotImplemented || a.Status == http.StatusForbidden {
				t.Errorf("%s: %d %s", r.RequestURI, a.Status, a.Body)
			}
		}
	})
}
