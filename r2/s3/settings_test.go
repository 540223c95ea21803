package s3

import (
	"strings"
	"testing"
)

const corsRules = `<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><CORSRule><ID>a</ID><AllowedOrigin>https://a.example</AllowedOrigin>` +
	`<AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedHeader>content-type</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule></CORSConfiguration>`

const lifecycleRules = `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ID>a</ID><Status>Enabled</Status><Filter><Prefix>logs/</Prefix></Filter>` +
	`<Expiration><Days>3</Days></Expiration><Transition><Days>2</Days><StorageClass>STANDARD_IA</StorageClass></Transition>` +
	`<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>`

func TestSettings(t *testing.T) {
	run(t, nil, map[string]try{
		"no CORS policy":         {request: "GET /invoices?cors", status: 404, want: []string{"NoSuchCORSConfiguration"}},
		"a CORS policy":          {request: "PUT /invoices?cors", body: corsRules, status: 200},
		"a CORS policy of none":  {request: "PUT /invoices?cors", body: "<CORSConfiguration/>", status: 400, want: []string{"MalformedXML"}},
		"a CORS policy of PATCH": {request: "PUT /invoices?cors", body: strings.Replace(corsRules, ">GET<", ">PATCH<", 1), status: 400, want: []string{"MalformedXML"}},
		"no CORS policy to drop": {request: "DELETE /invoices?cors", status: 204},
		"lifecycle rules":        {request: "PUT /invoices?lifecycle", body: lifecycleRules, status: 200},
		"no lifecycle rules":     {request: "PUT /invoices?lifecycle", body: "<LifecycleConfiguration/>", status: 400, want: []string{"MalformedXML"}},
		"a rule that is neither": {request: "PUT /invoices?lifecycle", body: strings.Replace(lifecycleRules, "Enabled", "Maybe", 1), status: 400, want: []string{"MalformedXML"}},
		"a class of AWS":         {request: "PUT /invoices?lifecycle", body: strings.Replace(lifecycleRules, "STANDARD_IA", "GLACIER", 1), status: 400, want: []string{"InvalidStorageClass"}},
		"nobody's bucket":        {request: "GET /letters?cors", status: 404, want: []string{"NoSuchBucket"}},
	})
}

func TestSettingsComeBack(t *testing.T) {
	e := start(t)
	for name, doc := range map[string]string{"cors": corsRules, "lifecycle": lifecycleRules} {
		e.must("PUT", "/invoices?"+name, doc)
		if a := e.must("GET", "/invoices?"+name, ""); a.Body != xmlHeader+doc {
			t.Errorf("%s: got %s", name, a.Body)
		}
		if a := e.must("DELETE", "/invoices?"+name, ""); a.Status != 204 {
			t.Errorf("%s: dropped with %d", name, a.Status)
		}
		if a := e.ask("GET", "/invoices?"+name, ""); a.Status != 404 {
			t.Errorf("%s: after it was dropped: %d %s", name, a.Status, a.Body)
		}
	}
}

// A browser's page may do what a rule says, and reads of errors too why.
func TestPagesOfOtherOrigins(t *testing.T) {
	e := start(t)
	e.must("PUT", "/invoices/a", "x")
	e.must("PUT", "/invoices?cors", corsRules)
	ask := func(origin, method string) answer {
		return e.send(request("OPTIONS", "http://127.0.0.1:8701/invoices/a", "", "Origin", origin, "Access-Control-Request-Method", method, "Access-Control-Request-Headers", "content-type"))
	}
	if a := ask("https://a.example", "PUT"); a.Status > 204 || a.Header.Get("Access-Control-Allow-Origin") != "https://a.example" || a.Header.Get("Access-Control-Max-Age") != "60" {
		t.Errorf("a preflight: %d %v", a.Status, a.Header)
	}
	for name, a := range map[string]answer{"another origin": ask("https://b.example", "PUT"), "another method": ask("https://a.example", "DELETE")} {
		if a.Status != 403 || a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v", name, a.Status, a.Header)
		}
	}
	for path, want := range map[string]int{"/invoices/a": 200, "/invoices/no": 404} {
		a := e.ask("GET", path, "", "Origin", "https://a.example")
		if a.Status != want || a.Header.Get("Access-Control-Allow-Origin") != "https://a.example" || a.Header.Get("Access-Control-Expose-Headers") != "ETag" {
			t.Errorf("%s: %d %v", path, a.Status, a.Header)
		}
		if a := e.ask("GET", path, "", "Origin", "https://b.example"); a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s to another: %v", path, a.Header)
		}
	}
}
