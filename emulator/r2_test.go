package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
)

// notified is a Worker that keeps what its bucket tells it by a queue.
var notified = project(`
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url)
    if (request.method === "PUT") await env.FILES.put(pathname.slice(1), request.body, { httpMetadata: request.headers })
    else if (request.method === "DELETE") await env.FILES.delete(pathname.slice(1))
    else if (pathname === "/events") return Response.json(await env.SEEN.list().then(({ keys }) => Promise.all(keys.map(k => env.SEEN.get(k.name, "json")))))
    else return new Response((await env.FILES.get(pathname.slice(1)))?.body ?? "none")
    return new Response("done")
  },
  async queue(batch, env) {
    for (const { body } of batch.messages) if (body.object.key.startsWith("twice/")) await env.FILES.put("then/" + body.object.key, "")
    for (const { body } of batch.messages) await env.SEEN.put(body.eventTime + body.action + body.object.key, JSON.stringify(body))
  }
}`, `
[[r2_buckets]]
binding = "FILES"
bucket_name = "files"
[[kv_namespaces]]
binding = "SEEN"
id = "0123456789abcdef0123456789abcdef"
[[queues.producers]]
binding = "EVENTS"
queue = "events"
[[queues.consumers]]
queue = "events"
`)

const r2Account = "/client/v4/accounts/" + emulator.AccountID

// result asks client/v4 and returns the result, decoded.
func result[T any](t *testing.T, h *emulatortest.House, method, path string, body any) T {
	t.Helper()
	var answer struct{ Result T }
	if err := h.Control(method, r2Account+path, body, &answer); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer.Result
}

type anyMap = map[string]any

// notify makes the bucket tell the queue "events" of everything.
func notify(t *testing.T, h *emulatortest.House) (queueID string) {
	t.Helper()
	queues := result[[]struct {
		ID string `json:"queue_id"`
	}](t, h, "GET", "/queues?page=1&name=events", nil)
	if len(queues) != 1 {
		t.Fatalf("queues: %v", queues)
	}
	result[any](t, h, "PUT", "/event_notifications/r2/files/configuration/queues/"+queues[0].ID, anyMap{"rules": []anyMap{
		{"actions": []string{"PutObject", "CompleteMultipartUpload", "CopyObject", "DeleteObject", "LifecycleDeletion"}}}})
	return queues[0].ID
}

// events are what the Worker has been told, in the order of time.
func events(t *testing.T, h *emulatortest.House) string {
	t.Helper()
	if err := h.Control("POST", "/cfemu/v1/queues/events/drain", nil, nil); err != nil {
		t.Fatal(err)
	}
	var seen []struct {
		Account, Bucket, Action string
		Object                  struct{ Key string }
	}
	if err := json.Unmarshal([]byte(h.Get("/events").Text), &seen); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range seen {
		if e.Account != emulator.AccountID || e.Bucket != "files" {
			t.Errorf("got %+v", e)
		}
		all = append(all, e.Action+" "+e.Object.Key)
	}
	return strings.Join(all, ", ")
}

func TestAWorkerIsToldOfItsBucket(t *testing.T) {
	h := emulatortest.Start(t, notified, emulator.Options{})
	clock := func(change anyMap) {
		t.Helper()
		if err := h.Control("POST", "/cfemu/v1/clock", change, nil); err != nil {
			t.Fatal(err)
		}
	}
	notify(t, h)
	clock(anyMap{"freeze": true})
	h.Ask("PUT", "/a.txt", "hello")
	clock(anyMap{"advance": "1s"})
	h.Ask("DELETE", "/a.txt", "")
	clock(anyMap{"advance": "1s"})
	h.Ask("PUT", "/b.txt", "hello")
	if got, want := events(t, h), "PutObject a.txt, DeleteObject a.txt, PutObject b.txt"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	clock(anyMap{"advance": "1s"})
	h.Ask("PUT", "/twice/c", "hello") // its handler puts another
	if got := events(t, h); !strings.HasSuffix(got, ", PutObject then/twice/c, PutObject twice/c") {
		t.Errorf("got %s", got)
	}

	result[any](t, h, "PUT", "/r2/buckets/files/lifecycle", anyMap{"rules": []anyMap{{"id": "d", "enabled": true, "conditions": anyMap{},
		"deleteObjectsTransition": anyMap{"condition": anyMap{"type": "Age", "maxAge": 30 * 86400}}}}})
	clock(anyMap{"advance": "719h59m57s"})
	if got := h.Get("/b.txt").Text; got != "hello" {
		t.Errorf("before its time there is %q", got)
	}
	clock(anyMap{"advance": "3s"}) // the object is gone once this has returned
	if got := h.Get("/b.txt").Text; got != "none" {
		t.Errorf("after its time there is %q", got)
	}
	if got := events(t, h); !strings.Contains(got, ", LifecycleDeletion b.txt, LifecycleDeletion then/twice/c, LifecycleDeletion twice/c") {
		t.Errorf("got %s", got)
	}
	if err := h.Control("POST", "/cfemu/v1/reset", anyMap{}, nil); err != nil {
		t.Fatal(err)
	}
	h.Ask("PUT", "/c.txt", "hello")
	if got := events(t, h); got != "PutObject c.txt" {
		t.Errorf("after a reset: %s", got)
	}
}

// Rules and what has not been delivered are there when the house is opened again.
func TestEventsOutliveTheHouse(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	h := emulatortest.Start(t, notified, emulator.Options{State: state})
	notify(t, h)
	h.Ask("PUT", "/a.txt", "hello")
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	h = emulatortest.Start(t, notified, emulator.Options{State: state})
	h.Ask("PUT", "/b.txt", "hello")
	if got, want := events(t, h), "PutObject a.txt, PutObject b.txt"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPublicBuckets(t *testing.T) {
	h := emulatortest.Start(t, notified, emulator.Options{RequireToken: true})
	control, err := url.Parse(h.ControlURL)
	if err != nil {
		t.Fatal(err)
	}
	h.Ask("PUT", "/page.html", "<h1>hello</h1>", "Content-Type", "text/html")
	managed := result[struct{ Domain string }](t, h, "GET", "/r2/buckets/files/domains/managed", nil).Domain
	below := strings.TrimSuffix(managed, ".r2.dev") + ".localhost"
	get := func(host, path string, header ...string) (int, http.Header, string) {
		t.Helper()
		text := "GET " + path + " HTTP/1.1\nHost: " + host + "\nConnection: close\n"
		for i := 0; i < len(header); i += 2 {
			text += header[i] + ": " + header[i+1] + "\n"
		}
		return raw(t, h.ControlURL, text+"\n")
	}
	hosts := []string{managed, below, below + ":" + control.Port(), strings.ToUpper(managed), "files.example.com", "files.example.com:443", "files.example.com.localhost"}
	for _, host := range hosts {
		want := http.StatusUnauthorized
		if host == "files.example.com" || host == "files.example.com:443" {
			want = http.StatusForbidden // it is just another site
		}
		if status, _, body := get(host, "/page.html"); status != want {
			t.Errorf("before it is public, %s is answered %d %s", host, status, body)
		}
	}
	result[any](t, h, "PUT", "/r2/buckets/files/domains/managed", anyMap{"enabled": true})
	result[any](t, h, "POST", "/r2/buckets/files/domains/custom", anyMap{"domain": "files.example.com", "zoneId": "z", "enabled": true})
	result[any](t, h, "PUT", "/r2/buckets/files/cors", anyMap{"rules": []anyMap{{"allowed": anyMap{"origins": []string{"https://a.example"}, "methods": []string{"GET"}}}}})
	for _, host := range hosts {
		status, header, body := get(host, "/page.html", "Origin", "https://a.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors")
		if status != 200 || body != "<h1>hello</h1>" || header.Get("Access-Control-Allow-Origin") != "https://a.example" || header.Get("Content-Type") != "text/html" {
			t.Errorf("%s is answered %d %v %s", host, status, header, body)
		}
		if header.Get("Content-Security-Policy") != "" || header.Get("Cross-Origin-Resource-Policy") != "" {
			t.Errorf("%s: a public page is not the control door's: %v", host, header)
		}
	}
	t.Run("a page among the objects has no way to the rest of the door", func(t *testing.T) {
		for _, host := range append(hosts, "pub-00000000000000000000000000000000.r2.dev", "pub-00000000000000000000000000000000.localhost", "gone.example.com.localhost") {
			for _, path := range []string{r2Account + "/r2/buckets", "/cfemu/v1/status", "/"} {
				status, _, body := get(host, path, "Authorization", "Bearer "+h.Token())
				if status != 404 && status != 401 || strings.Contains(body, `"result"`) || strings.Contains(body, "control door") {
					t.Errorf("%s%s is answered %d %s", host, path, status, body)
				}
			}
		}
		for _, origin := range hosts {
			status, header, body := raw(t, h.ControlURL, fmt.Sprintf("POST /cfemu/v1/reset HTTP/1.1\nHost: %s\nOrigin: http://%s\nAuthorization: Bearer %s\nConnection: close\n\n", control.Host, origin, h.Token()))
			if status != 403 || header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("a page of %s may: %d %s", origin, status, body)
			}
		}
	})
	t.Run("other names are what they were", func(t *testing.T) {
		for host, want := range map[string]int{"evil.example": 403, "example.com": 403, "x.files.example.com": 403, "files.example.com.evil.example": 403, "app.localhost": 400, control.Host: 400} {
			if status, _, body := get(host, "/client/v4/accounts"); status != want {
				t.Errorf("%s is answered %d %s", host, status, body)
			}
		}
	})
	result[any](t, h, "PUT", "/r2/buckets/files/domains/managed", anyMap{"enabled": false})
	result[any](t, h, "DELETE", "/r2/buckets/files/domains/custom/files.example.com", nil)
	for _, host := range hosts {
		if status, _, _ := get(host, "/page.html"); status == 200 {
			t.Errorf("%s shows what is not public any more", host)
		}
	}
}

// A reset leaves no event behind, though handlers and deliveries run while it is made.
func TestAResetForgetsEvents(t *testing.T) {
	h := emulatortest.Start(t, notified, emulator.Options{})
	notify(t, h)
	for i := range 10 {
		var putting sync.WaitGroup
		for j := range 40 { // so many that some are on their way
			putting.Go(func() {
				if _, err := h.Try("PUT", fmt.Sprintf("/before/%d/%d", i, j), "x"); err != nil {
					t.Error(err)
				}
			})
		}
		putting.Wait()
		if err := h.Control("POST", "/cfemu/v1/reset", anyMap{}, nil); err != nil {
			t.Fatal(err)
		}
		if got := events(t, h); got != "" {
			t.Fatalf("after reset %d: %s", i, got)
		}
	}
}
