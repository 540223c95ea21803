package r2

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/gorilla/mux"
)

// One bucket is asked all of these, in this order.
func TestSettingsByClientV4(t *testing.T) {
	b := openOne(t, Options{Notifier: newPost("q"), Clock: frozen(), Account: "me"})
	router := mux.NewRouter().UseEncodedPath()
	b.service.Routes(router)
	const (
		bucket = "/r2/buckets/invoices"
		events = "/event_notifications/r2/invoices/configuration"
	)
	ruleID := regexp.MustCompile(`"ruleId":"([0-9a-f-]{36})"`)
	id := ""
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", bucket + "/cors", "", 404, `{"code":10059,"message":"The CORS configuration does not exist."}`},
		{"PUT", bucket + "/cors", `{"rules":[{"allowed":{"origins":["https://a.example"],"methods":["GET"],"headers":["x"]},"exposeHeaders":["etag"],"maxAgeSeconds":0}]}`, 200, `"result":{}`},
		{"GET", bucket + "/cors", "", 200, `"result":{"rules":[{"allowed":{"origins":["https://a.example"],"methods":["GET"],"headers":["x"]},"exposeHeaders":["etag"],"maxAgeSeconds":0}]}`},
		{"PUT", bucket + "/cors", `{"rules":[{"AllowedOrigins":["*"],"AllowedMethods":["GET"]}]}`, 400, `{"code":10040,"message":"The JSON you provided was not well formed.","error_chain":[{"message":"rule 1 allows no origin: give allowed.origins"}]}`},
		{"PUT", bucket + "/cors", `{"rules":`, 400, `"code":10040`},
		{"PUT", bucket + "/cors", `[]`, 400, `"code":10040`},
		{"PUT", bucket + "/cors", `{"rules":[]}`, 200, `"result":{}`},
		{"GET", bucket + "/cors", "", 200, `"result":{"rules":[]}`},
		{"DELETE", bucket + "/cors", "", 200, `"result":{}`},
		{"GET", bucket + "/cors", "", 404, `"code":10059`},
		{"GET", "/r2/buckets/nope/cors", "", 404, `"code":10006`},

		{"GET", bucket + "/lifecycle", "", 200, `"result":{"rules":[{"id":"Default Multipart Abort Rule","enabled":true,"conditions":{},"abortMultipartUploadsTransition":{"condition":{"type":"Age","maxAge":604800}}}]}`},
		{"PUT", bucket + "/lifecycle", `{"rules":[{"id":"a","enabled":true,"conditions":{"prefix":"logs/"},"deleteObjectsTransition":{"condition":{"type":"Date","date":"2027-01-31T00:00:00.000Z"}},"storageClassTransitions":[{"condition":{"type":"Age","maxAge":86400},"storageClass":"InfrequentAccess"}]}]}`, 200, `"result":{}`},
		{"GET", bucket + "/lifecycle", "", 200, `"rules":[{"id":"a","enabled":true,"conditions":{"prefix":"logs/"},"deleteObjectsTransition":{"condition":{"type":"Date","date":"2027-01-31T00:00:00Z"}},"storageClassTransitions":[{"condition":{"type":"Age","maxAge":86400},"storageClass":"InfrequentAccess"}]}]`},
		{"PUT", bucket + "/lifecycle", `{"rules":[{"id":"a","enabled":true,"conditions":{},"deleteObjectsTransition":{"condition":{"type":"Date","date":"tomorrow"}}}]}`, 400, `"code":10040`},
		{"PUT", bucket + "/lifecycle", `{}`, 400, `"code":10040`},
		{"PUT", bucket + "/lifecycle", `{"rules":[]}`, 200, `"result":{}`},
		{"GET", bucket + "/lifecycle", "", 200, `"result":{"rules":[]}`},

		{"GET", bucket + "/lock", "", 200, `"result":{"rules":[]}`},
		{"PUT", bucket + "/lock", `{"rules":[{"id":"l","enabled":true,"prefix":"x/","condition":{"type":"Age","maxAgeSeconds":60}},{"id":"m","enabled":false,"condition":{"type":"Indefinite"}}]}`, 200, `"result":{}`},
		{"GET", bucket + "/lock", "", 200, `"rules":[{"id":"l","enabled":true,"prefix":"x/","condition":{"type":"Age","maxAgeSeconds":60}},{"id":"m","enabled":false,"condition":{"type":"Indefinite"}}]`},

		{"GET", bucket + "/sippy", "", 200, `"result":{"enabled":false}`},
		{"PUT", bucket + "/sippy", `{"source":{}}`, 501, `Sippy is not emulated`},
		{"DELETE", bucket + "/sippy", "", 200, `"result":{"enabled":false}`},
		{"GET", bucket + "/local-uploads", "", 200, `"result":{"enabled":false}`},
		{"PUT", bucket + "/local-uploads", `{"enabled":false}`, 200, `"result":{"enabled":false}`},
		{"PUT", bucket + "/local-uploads", `{"enabled":true}`, 501, `Local Uploads is not emulated`},

		{"GET", bucket + "/domains/managed", "", 200, `"result":{"bucketId":"`},
		{"PUT", bucket + "/domains/managed", `{}`, 400, `"code":10040`},
		{"PUT", bucket + "/domains/managed", `{"enabled":true}`, 200, `.r2.dev","enabled":true}`},
		{"GET", bucket + "/domains/custom", "", 200, `"result":{"domains":[]}`},
		{"POST", bucket + "/domains/custom", `{"domain":"a.example.com","zoneId":"z","enabled":true,"minTLS":"1.2"}`, 200, `"result":{"domain":"a.example.com","enabled":true,"zoneId":"z","zoneName":"example.com","minTLS":"1.2"}`},
		{"POST", bucket + "/domains/custom", `{"domain":"a.example.com","zoneId":"z","enabled":true}`, 409, `attached to the bucket invoices already`},
		{"POST", bucket + "/domains/custom", `{"domain":"b.example.com","enabled":true}`, 400, `needs the zoneId`},
		{"GET", bucket + "/domains/custom/a.example.com", "", 200, `"status":{"ownership":"active","ssl":"active"}`},
		{"PUT", bucket + "/domains/custom/a.example.com", `{"enabled":false}`, 200, `"enabled":false,"zoneId":"z","zoneName":"example.com","minTLS":"1.2"}`},
		{"GET", bucket + "/domains/custom/b.example.com", "", 404, `not attached to this bucket`},
		{"DELETE", bucket + "/domains/custom/a.example.com", "", 200, `"result":{"domain":"a.example.com"}`},

		{"GET", events, "", 200, `"result":{"bucketName":"invoices","queues":[]}`},
		{"GET", events + "/queues/q", "", 404, `"code":11000`},
		{"PUT", events + "/queues/x", `{"rules":[{"actions":["PutObject"]}]}`, 404, `"code":11000`},
		{"PUT", events + "/queues/q", `{"rules":[{"actions":"PutObject"}]}`, 400, `"code":11014`},
		{"PUT", events + "/queues/q", `{"rules":[{"prefix":"in/","suffix":".txt","actions":["PutObject","CopyObject"],"description":"d"},{"actions":["DeleteObject"]}]}`, 200, `"result":null`},
		{"PUT", events + "/queues/q", `{"rules":[{"actions":["PutObject"]}]}`, 400, `overlaps the rule prefix`},
		{"GET", events, "", 200, `"queues":[{"queueId":"q","queueName":"queue-q","rules":[{"ruleId":"`},
		{"GET", events + "/queues/q", "", 200, `"createdAt":"2026-01-02T03:04:05.6Z","prefix":"in/","suffix":".txt","actions":["PutObject","CopyObject"],"description":"d"}`},
		{"DELETE", events + "/queues/q", `{"ruleIds":[]}`, 400, `names no rule`},
		{"DELETE", events + "/queues/q", `{"ruleIds":["RULE"]}`, 200, `"result":null`},
		{"DELETE", events + "/queues/q", `{"ruleIds":["RULE"]}`, 400, `there is no rule RULE`},
		{"GET", events + "/queues/q", "", 200, `"actions":["DeleteObject"]}]}`},
		{"DELETE", events + "/queues/q", ``, 200, `"result":null`},
		{"DELETE", events + "/queues/q", ``, 404, `"code":11000`},
		{"GET", "/event_notifications/r2/nope/configuration", "", 404, `"code":10085`},
	} {
		w := httptest.NewRecorder()
		router.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, strings.NewReader(strings.ReplaceAll(tt.body, "RULE", id))))
		if want := strings.ReplaceAll(tt.want, "RULE", id); w.Code != tt.status || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s %s %s\ngot  %d %s\nwant %d %s", tt.method, tt.path, tt.body, w.Code, w.Body, tt.status, want)
		}
		if m := ruleID.FindStringSubmatch(w.Body.String()); m != nil && id == "" {
			id = m[1]
		}
	}
}
