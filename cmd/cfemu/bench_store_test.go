package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/internal/clock"
)

// storeWorker is the Worker by which KV and R2 are measured. Keys are taken in turn, so that writes meet
// what is there.
const storeWorker = `
let turn = 0
const bodies = new Map()
const body = n => {
  if (!bodies.has(n)) bodies.set(n, new Uint8Array(n).fill(120))
  return bodies.get(n)
}
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url)
    const n = Number(searchParams.get("n"))
    switch (pathname) {
      case "/health": return Response.json({ ok: true, service: "invoice-api" })
      case "/kv/put":
        await env.KV.put("k" + turn++ % 100, body(n))
        return new Response("stored")
      case "/kv/get": return new Response(await env.KV.get("k0"))
      case "/r2/put":
        await env.FILES.put(n + "-" + turn++ % 100, body(n))
        return new Response("stored")
      case "/r2/get": return new Response((await env.FILES.get(n + "-0")).body)
    }
    return new Response("", { status: 404 })
  },
}
`

const storeBucket = "bench-files"

func storeProject(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	for name, text := range map[string]string{
		"index.js": storeWorker,
		"wrangler.json": `{"name":"store","main":"index.js","compatibility_date":"2026-01-20","kv_namespaces":[{"binding":"KV"}],` +
			`"r2_buckets":[{"binding":"FILES","bucket_name":"` + storeBucket + `"}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// stores: KV and R2 by a Worker and by S3, beside the same by hand, durable alike, over HTTP.
func (h *benchHouse) stores(b *testing.B) {
	dir := storeProject(b)
	s := h.launchD1(b, dir)
	defer s.stop(b)
	port := freePort(b)
	y := startServer(b, benchProcess(b, "bare-store", port, b.TempDir()), port)
	defer y.stop(b)
	run, err := emulator.FindRun(dir)
	if err != nil {
		b.Fatal(err)
	}
	door, err := url.Parse(run.S3URL)
	if err != nil {
		b.Fatal(err)
	}
	s3 := *s
	s3.addr = door.Host
	for range 100 {
		for _, path := range []string{"/kv/put?n=1024", "/r2/put?n=1024", "/r2/put?n=102400"} {
			s.get(b, path)
			y.get(b, path)
		}
	}
	sign := func(method, key string, body []byte) func(net.Conn) []byte {
		return func(net.Conn) []byte {
			return signedRequest(method, door.Host, "/"+storeBucket+"/"+key, run.S3, body)
		}
	}
	value := func(n int) []byte { return bytes.Repeat([]byte("x"), n) }
	for _, r := range []struct {
		name        string
		aim         float64
		cfemu, bare *load
	}{
		{"KV, a get of 1 KB", 0.5, newLoad(b, s, "/kv/get", value(1<<10), benchClients), newLoad(b, y, "/kv/get", value(1<<10), benchClients)},
		{"KV, a put of 1 KB", 0, newLoad(b, s, "/kv/put?n=1024", []byte("stored"), benchClients), newLoad(b, y, "/kv/put?n=1024", []byte("stored"), benchClients)},
		{"R2, a get of 1 KB", 0, newLoad(b, s, "/r2/get?n=1024", value(1<<10), benchClients), newLoad(b, y, "/r2/get?n=1024", value(1<<10), benchClients)},
		{"R2, a put of 1 KB", 0, newLoad(b, s, "/r2/put?n=1024", []byte("stored"), benchClients), newLoad(b, y, "/r2/put?n=1024", []byte("stored"), benchClients)},
		{"R2, a get of 100 KB", 0, newLoad(b, s, "/r2/get?n=102400", value(100<<10), benchClients), newLoad(b, y, "/r2/get?n=102400", value(100<<10), benchClients)},
		{"R2, a put of 100 KB", 0, newLoad(b, s, "/r2/put?n=102400", []byte("stored"), benchClients), newLoad(b, y, "/r2/put?n=102400", []byte("stored"), benchClients)},
		{"S3, a get of 1 KB", 0, newAskLoad(b, &s3, sign("GET", "1024-0", nil), value(1<<10)), newLoad(b, y, "/r2/get?n=1024", value(1<<10), benchClients)},
		{"S3, a put of 1 KB", 0, newAskLoad(b, &s3, sign("PUT", "1024-0", value(1<<10)), nil), newAskLoad(b, y, barePut(1<<10), []byte("stored"))},
		{"S3, a get of 100 KB", 0, newAskLoad(b, &s3, sign("GET", "102400-0", nil), value(100<<10)), newLoad(b, y, "/r2/get?n=102400", value(100<<10), benchClients)},
		{"S3, a put of 100 KB", 0, newAskLoad(b, &s3, sign("PUT", "102400-0", value(100<<10)), nil), newAskLoad(b, y, barePut(100<<10), []byte("stored"))},
	} {
		h.pairs(b, figure{name: r.name, unit: "req/s", aim: r.aim}, r.cfemu, r.bare)
	}
	h.largeByS3(b, door.Host, run.S3, y)
}

// pairs measures two loads by turns.
func (h *benchHouse) pairs(b *testing.B, f figure, slow, fast *load) {
	b.Helper()
	const seconds = 0.3
	some, many := max(benchClients, int(slow.run(b, 64)*seconds)), max(benchClients, int(fast.run(b, 64)*seconds))
	for range 7 {
		of, with := fast.run(b, many), slow.run(b, some)
		f.bare.add(of)
		f.cfemu.add(with)
		f.ratios.add(with / of)
	}
	h.table.add(b, f)
	slow.close()
	fast.close()
}

// newAskLoad is a load of another request than a bare GET.
func newAskLoad(b *testing.B, s *benchServer, ask func(net.Conn) []byte, body []byte) *load {
	b.Helper()
	l := newLoad(b, s, "", body, benchClients)
	l.ask = ask
	return l
}

func barePut(n int) func(net.Conn) []byte {
	return func(c net.Conn) []byte {
		return append(fmt.Appendf(nil, "PUT /object?k=%d HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", c.LocalAddr().(*net.TCPAddr).Port, c.RemoteAddr(), n),
			bytes.Repeat([]byte("x"), n)...)
	}
}

// largeByS3: 100 MB by the S3 endpoint, beside a file copy with MD5 and fsync.
func (h *benchHouse) largeByS3(b *testing.B, host string, access emulator.S3Access, y *benchServer) {
	up := figure{name: "S3, a put of 100 MB", unit: "MB/s", aim: 0.6, yardstick: "io.Copy into a file, hashed and synced"}
	down := figure{name: "S3, a get of 100 MB", unit: "MB/s", yardstick: "io.Copy from a file"}
	const size = 100 << 20
	body := make([]byte, size)
	path := "/" + storeBucket + "/large"
	for range 5 {
		of := y.exchange(b, http.MethodPut, "http://"+y.addr+"/object?k=large", nil, body)
		with := y.exchange(b, http.MethodPut, "http://"+host+path, signedHeader(http.MethodPut, host, path, access), body)
		up.bare.add(of)
		up.cfemu.add(with)
		up.ratios.add(with / of)
		of = y.exchange(b, http.MethodGet, "http://"+y.addr+"/object?k=large", nil, nil)
		with = y.exchange(b, http.MethodGet, "http://"+host+path, signedHeader(http.MethodGet, host, path, access), nil)
		down.bare.add(of)
		down.cfemu.add(with)
		down.ratios.add(with / of)
	}
	h.table.add(b, up)
	h.table.add(b, down)
}

// exchange sends body, or fetches as much, and returns the megabytes a second.
func (s *benchServer) exchange(b *testing.B, method, address string, header http.Header, body []byte) float64 {
	b.Helper()
	const size = 100 << 20
	r, err := http.NewRequestWithContext(b.Context(), method, address, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	if header != nil {
		r.Header = header
	}
	took := clock.Stopwatch()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil || res.StatusCode != http.StatusOK || method == http.MethodGet && n != size {
		b.Fatalf("%s %s: status %d, %d bytes, %v", method, address, res.StatusCode, n, err)
	}
	return size / 1e6 / took().Seconds()
}

// signedHeader signs a request whose body is not, in AWS's way.
func signedHeader(method, host, path string, access emulator.S3Access) http.Header {
	const hash, names = "UNSIGNED-PAYLOAD", "host;x-amz-content-sha256;x-amz-date"
	date := clock.System.Now().UTC().Format("20060102T150405Z")
	scope := date[:8] + "/auto/s3/aws4_request"
	sum := func(text string) string { s := sha256.Sum256([]byte(text)); return hex.EncodeToString(s[:]) }
	mac := func(key []byte, text string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	canonical := strings.Join([]string{method, path, "", "host:" + host, "x-amz-content-sha256:" + hash, "x-amz-date:" + date, "", names, hash}, "\n")
	key := []byte("AWS4" + access.SecretAccessKey)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	signature := hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+date+"\n"+scope+"\n"+sum(canonical)))
	return http.Header{
		"X-Amz-Date": {date}, "X-Amz-Content-Sha256": {hash},
		"Authorization": {"AWS4-HMAC-SHA256 Credential=" + access.AccessKeyID + "/" + scope + ", SignedHeaders=" + names + ", Signature=" + signature},
	}
}

func signedRequest(method, host, path string, access emulator.S3Access, body []byte) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", method, path, host, len(body))
	_ = signedHeader(method, host, path, access).Write(&out) // a buffer takes all
	out.WriteString("\r\n")
	out.Write(body)
	return out.Bytes()
}

// A bareStore answers as storeWorker does, by hand: net/http over bbolt, and over files.
type bareStore struct {
	dir  string
	db   *bolt.DB
	turn atomic.Int64
}

var bareValues = []byte("values")

// serveBareStore serves until it is told to stop. The arguments are the port and a folder.
func serveBareStore(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	db, err := bolt.Open(filepath.Join(args[1], "bare.db"), 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType})
	if err != nil {
		return err
	}
	if err := db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket(bareValues); return err }); err != nil {
		return err
	}
	s := &bareStore{dir: args[1], db: db}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", args[0]))
	if err != nil {
		return err
	}
	reply := func(w http.ResponseWriter, err error) {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		io.WriteString(w, "stored")
	}
	value := func(r *http.Request) ([]byte, string) {
		n, _ := strconv.Atoi(r.FormValue("n"))
		return bytes.Repeat([]byte("x"), n), strconv.FormatInt(s.turn.Add(1)%100, 10)
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, healthBody) })
	routes.HandleFunc("GET /kv/put", func(w http.ResponseWriter, r *http.Request) {
		v, k := value(r)
		reply(w, db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bareValues).Put([]byte(k), v) }))
	})
	routes.HandleFunc("GET /kv/get", func(w http.ResponseWriter, r *http.Request) {
		var v []byte
		err := db.View(func(tx *bolt.Tx) error { v = bytes.Clone(tx.Bucket(bareValues).Get([]byte("0"))); return nil })
		if err != nil {
			reply(w, err)
			return
		}
		w.Write(v)
	})
	routes.HandleFunc("GET /r2/put", func(w http.ResponseWriter, r *http.Request) {
		v, k := value(r)
		reply(w, s.store(fmt.Sprint(len(v), "-", k), bytes.NewReader(v)))
	})
	routes.HandleFunc("GET /r2/get", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(s.dir, r.FormValue("n")+"-0"))
	})
	routes.HandleFunc("PUT /object", func(w http.ResponseWriter, r *http.Request) { reply(w, s.store("o"+r.FormValue("k"), r.Body)) })
	routes.HandleFunc("GET /object", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(s.dir, "o"+r.FormValue("k")))
	})
	server := &http.Server{Handler: routes}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return db.Close()
}

// store writes a file as carefully as an object store has to.
func (s *bareStore) store(name string, body io.Reader) error {
	f, err := os.CreateTemp(s.dir, "new-")
	if err != nil {
		return err
	}
	_, err = io.Copy(io.MultiWriter(f, md5.New()), body)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(s.dir, name))
}
