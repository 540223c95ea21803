package s3

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestBuckets(t *testing.T) {
	const root = `xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
	run(t, func(e *endpoint) { e.must("PUT", "/receipts", "") }, map[string]try{
		"are listed with their dates": {request: "GET /", status: 200, want: []string{
			"<ListAllMyBucketsResult " + root + "><Owner><ID>account</ID><DisplayName>account</DisplayName></Owner>",
			"<Bucket><Name>invoices</Name><CreationDate>2026-01-02T03:04:05.600Z</CreationDate></Bucket><Bucket><Name>receipts</Name>",
		}},
		"are listed by prefix":               {request: "GET /?prefix=rec", status: 200, want: []string{"<Buckets><Bucket><Name>receipts</Name>", "<Prefix>rec</Prefix>"}},
		"are listed by R2's header too":      {request: "GET /", headers: []string{"cf-prefix", "rec"}, status: 200, want: []string{"<Buckets><Bucket><Name>receipts</Name>"}},
		"are listed behind a name":           {request: "GET /?start-after=invoices", status: 200, want: []string{"<Buckets><Bucket><Name>receipts</Name>"}},
		"are not listed below nothing":       {request: "GET /?max-keys=-1", status: 400, want: []string{"InvalidMaxKeys"}},
		"are not listed by what R2 lacks":    {request: "GET /?colour=red", status: 501, want: []string{"NotImplemented", "ListBuckets search parameter colour not implemented"}},
		"have no token of nonsense":          {request: "GET /?continuation-token=%25", status: 400, want: []string{"InvalidArgument"}},
		"are made":                           {request: "PUT /letters", status: 200},
		"are made with a slash":              {request: "PUT /letters/", status: 200},
		"are made in a region":               {request: "PUT /letters", body: "<CreateBucketConfiguration " + root + "><LocationConstraint>auto</LocationConstraint></CreateBucketConfiguration>", status: 200},
		"are made in R2's regions":           {request: "PUT /letters", body: "<CreateBucketConfiguration><LocationConstraint>WEUR</LocationConstraint></CreateBucketConfiguration>", status: 200},
		"are not made in others":             {request: "PUT /letters", body: "<CreateBucketConfiguration><LocationConstraint>eu-west-9</LocationConstraint></CreateBucketConfiguration>", status: 400, want: []string{"InvalidLocationConstraint"}},
		"are not made by another document":   {request: "PUT /letters", body: "<CreateBucket/>", status: 400, want: []string{"MalformedXML"}},
		"are not made twice":                 {request: "PUT /receipts", status: 409, want: []string{"BucketAlreadyOwnedByYou"}},
		"have names":                         {request: "PUT /No", status: 400, want: []string{"InvalidBucketName"}},
		"are not made with what R2 lacks":    {request: "PUT /letters?colour=red", status: 400, want: []string{"InvalidArgument", "Unsupported search param(s) &quot;colour&quot; on a PUT bucket route"}},
		"are known":                          {request: "HEAD /receipts", status: 200},
		"are known by their host":            {request: "HEAD /", headers: []string{"Host", "receipts.localhost:8701"}, status: 200},
		"are known by R2's host":             {request: "HEAD /", headers: []string{"Host", "receipts.0123456789abcdef.r2.cloudflarestorage.com"}, status: 200},
		"are known below a jurisdiction":     {request: "HEAD /", headers: []string{"Host", "receipts.0123456789abcdef.eu.r2.cloudflarestorage.com"}, status: 200},
		"are not known by the account's":     {request: "GET /", headers: []string{"Host", "0123456789abcdef.r2.cloudflarestorage.com"}, status: 200, want: []string{"ListAllMyBucketsResult"}},
		"are not known when they are not":    {request: "HEAD /letters", status: 404},
		"are deleted":                        {request: "DELETE /receipts", status: 204},
		"are not deleted when they are not":  {request: "DELETE /letters", status: 404, want: []string{"NoSuchBucket", "The specified bucket does not exist."}},
		"are not deleted by what R2 lacks":   {request: "DELETE /receipts?policy", status: 501, want: []string{"NotImplemented", "DeleteBucketPolicy not implemented"}},
		"are somewhere":                      {request: "GET /receipts?location", status: 200, want: []string{"<LocationConstraint " + root + ">"}},
		"have a location without parameters": {request: "GET /receipts?location&prefix=x", status: 400, want: []string{"InvalidArgument", "Search param prefix is unsupported for bucket location"}},
		"are encrypted":                      {request: "GET /receipts?encryption", status: 200, want: []string{"<SSEAlgorithm>AES256</SSEAlgorithm>"}},
		"have no versions":                   {request: "GET /receipts?versioning", status: 200, want: []string{"<VersioningConfiguration " + root + "></VersioningConfiguration>"}},
		"have no tags":                       {request: "GET /receipts?tagging", status: 404, want: []string{"NoSuchTagSet"}},
		"have no object lock":                {request: "GET /receipts?object-lock", status: 404, want: []string{"ObjectLockConfigurationNotFoundError"}},
		"have no replication":                {request: "GET /receipts?replication", status: 404, want: []string{"ReplicationConfigurationNotFoundError"}},
		"have a policy status of two gets":   {request: "GET /receipts?policyStatus", status: 501, want: []string{"NotImplemented", "GetGetBucketPolicyStatus not implemented"}},
		"have no ACL":                        {request: "PUT /receipts?acl", status: 501, want: []string{"NotImplemented", "PutBucketAcl not implemented"}},
		"belong to whom they belong":         {request: "HEAD /receipts", headers: []string{"x-amz-expected-bucket-owner", "1"}, status: 501},
		"are not patched":                    {request: "PATCH /receipts", status: 404, want: []string{"RouteNotFound", "No route matches this url."}},
		"are not posted":                     {request: "POST /", status: 404, want: []string{"RouteNotFound"}},
	})
}

func TestABucketWithObjectsIsNotDeleted(t *testing.T) {
	e := start(t)
	e.must("PUT", "/invoices/a", "x")
	if a := e.ask("DELETE", "/invoices", ""); a.Status != 409 || a.element("Code") != "BucketNotEmpty" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestBucketsComeInPages(t *testing.T) {
	e := start(t)
	for i := range 7 {
		e.must("PUT", fmt.Sprintf("/more-%d", i), "")
	}
	var all []string
	for target := "/?max-keys=3"; ; {
		a := e.must("GET", target, "")
		all = append(all, a.elements("Name")...)
		token := a.element("ContinuationToken")
		if a.Header.Get("Cf-Next-Continuation-Token") != token || (a.Header.Get("Cf-Is-Truncated") == "true") != (token != "") {
			t.Errorf("%v beside %s", a.Header, a.Body)
		}
		if token == "" {
			break
		}
		target = "/?max-keys=3&continuation-token=" + token
	}
	if len(all) != 8 || !slices.IsSorted(all) || slices.Compact(slices.Clone(all))[7] != all[7] {
		t.Errorf("got %v", all)
	}
}

func TestAKeyPairForABucketOpensNoOther(t *testing.T) {
	e := start(t)
	e.must("PUT", "/receipts", "")
	e.must("PUT", "/receipts/r", "secret")
	e.signer = signer{"one", "secret", e.signer.date}
	e.must("PUT", "/invoices/a", "mine")
	if a := e.must("GET", "/", ""); !slices.Equal(a.elements("Name"), []string{"invoices"}) {
		t.Errorf("it sees %s", a.Body)
	}
	for name, c := range map[string]try{
		"read":           {request: "GET /receipts/r"},
		"list":           {request: "GET /receipts?list-type=2"},
		"write":          {request: "PUT /receipts/r"},
		"delete":         {request: "DELETE /receipts"},
		"copy from":      {request: "PUT /invoices/r", headers: []string{"x-amz-copy-source", "/receipts/r"}},
		"copy part from": {request: "PUT /invoices/r?partNumber=1&uploadId=u", headers: []string{"x-amz-copy-source", "receipts/r"}},
		"make":           {request: "PUT /letters"},
		"make on upload": {request: "PUT /letters/a", headers: []string{"cf-create-bucket-if-missing", "true"}},
	} {
		method, target, _ := strings.Cut(c.request, " ")
		if a := e.ask(method, target, "", c.headers...); a.Status != 403 || a.element("Code") != "AccessDenied" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

func TestNobodyIsAnsweredUnsigned(t *testing.T) {
	e := start(t)
	e.must("PUT", "/invoices/a", "x")
	for _, target := range []string{"GET /", "GET /invoices", "GET /invoices/a", "HEAD /invoices/a", "PUT /invoices/b", "DELETE /invoices/a", "POST /invoices?delete"} {
		method, path, _ := strings.Cut(target, " ")
		a := e.send(request(method, "http://127.0.0.1:8701"+path, ""))
		if a.Status != 400 || method != "HEAD" && (a.element("Code") != "InvalidArgument" || a.element("Message") != "Authorization") {
			t.Errorf("%s: %d %s", target, a.Status, a.Body)
		}
	}
	if a := e.send(request("POST", "http://127.0.0.1:8701/invoices", "", "Content-Type", "multipart/form-data; boundary=x")); a.Status != 501 {
		t.Errorf("an upload by a form: %d %s", a.Status, a.Body)
	}
	if a := e.send(request("OPTIONS", "http://127.0.0.1:8701/invoices/a", "", "Origin", "https://a.example", "Access-Control-Request-Method", "GET")); a.Status != 403 {
		t.Errorf("a preflight without rules: %d %s", a.Status, a.Body)
	}
}

func TestABucketLiesWhereItsRegionSays(t *testing.T) {
	e := start(t)
	for name, c := range map[string]struct{ region, want string }{"first": {"apac", "APAC"}, "second": {"OC", "OC"}, "third": {"auto", "WEUR"}, "fourth": {"us-east-1", "WEUR"}} {
		e.must("PUT", "/"+name, "<CreateBucketConfiguration><LocationConstraint>"+c.region+"</LocationConstraint></CreateBucketConfiguration>")
		if got := e.must("GET", "/"+name+"?location", "").Body; !strings.Contains(got, ">"+c.want+"</LocationConstraint>") {
			t.Errorf("one for %s: %s", c.region, got)
		}
	}
}
