package r2

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/probe"
	"github.com/cfemu/cfemu/internal/testkit"
)

func TestPutKeepsAllThatIsSaid(t *testing.T) {
	c := frozen()
	b := openOne(t, Options{Clock: c})
	sha := sha256.Sum256([]byte("hello"))
	o := PutOptions{
		HTTP: HTTPMetadata{
			ContentType: "application/pdf", ContentLanguage: "de", ContentDisposition: "inline",
			ContentEncoding: "identity", CacheControl: "no-store", CacheExpiry: epoch.Add(time.Hour),
		},
		Custom:       map[string]string{"customer": "7", "é": "ü"},
		StorageClass: InfrequentAccess,
		Checksums:    Checksums{SHA256: sha[:]},
	}
	stored := put(t, b, "k", "hello", o)
	got, err := b.Head(t.Context(), "k")
	if err != nil || !reflect.DeepEqual(got, stored) {
		t.Fatalf("head %+v, %v\nput  %+v", got, err, stored)
	}
	sum := md5.Sum([]byte("hello"))
	want := &Object{
		Key: "k", Version: got.Version, Size: 5, ETag: fmt.Sprintf("%x", sum), Uploaded: time.UnixMilli(epoch.UnixMilli()),
		HTTP: o.HTTP, Custom: o.Custom, StorageClass: InfrequentAccess, Checksums: Checksums{MD5: sum[:], SHA256: sha[:]},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if again := put(t, b, "k", "hello", PutOptions{}); again.Version == got.Version || again.ETag != got.ETag || again.StorageClass != Standard || again.Custom != nil {
		t.Errorf("put again: %+v", again)
	}
}

func TestChecksumsAreChecked(t *testing.T) {
	b := openOne(t, Options{})
	good, bad := []byte("hello"), []byte("hellO")
	hash := map[string]func([]byte) Checksums{
		"MD5":     func(p []byte) Checksums { s := md5.Sum(p); return Checksums{MD5: s[:]} },
		"SHA-1":   func(p []byte) Checksums { s := sha1.Sum(p); return Checksums{SHA1: s[:]} },
		"SHA-256": func(p []byte) Checksums { s := sha256.Sum256(p); return Checksums{SHA256: s[:]} },
		"SHA-384": func(p []byte) Checksums { s := sha512.Sum384(p); return Checksums{SHA384: s[:]} },
		"SHA-512": func(p []byte) Checksums { s := sha512.Sum512(p); return Checksums{SHA512: s[:]} },
	}
	for name, of := range hash {
		t.Run(name, func(t *testing.T) {
			put(t, b, "k", string(good), PutOptions{Checksums: of(good)})
			_, err := b.Put(t.Context(), "k", bytes.NewReader(bad), PutOptions{Checksums: of(good)})
			if code(err) != CodeBadDigest || !strings.HasPrefix(err.Error(), "The "+name+" checksum you specified did not match what we received.\nYou provided a "+name+" checksum with value: ") {
				t.Errorf("got %v", err)
			}
			if got := body(t, b, "k"); got != string(good) {
				t.Errorf("a refused put has left %q", got)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	b := openOne(t, Options{})
	for name, tt := range map[string]struct {
		key  string
		o    PutOptions
		want Code
		text string
	}{
		"a key of 1024 bytes":         {strings.Repeat("é", 512), PutOptions{}, 0, ""},
		"a key of 1025 bytes":         {strings.Repeat("k", 1025), PutOptions{}, CodeInvalidObjectName, "The specified object name is not valid."},
		"no key":                      {"", PutOptions{}, CodeInvalidObjectName, "The specified object name is not valid."},
		"metadata of 8192 bytes":      {"k", PutOptions{Custom: map[string]string{"ab": strings.Repeat("x", 8190)}}, 0, ""},
		"metadata of 8193 bytes":      {"k", PutOptions{Custom: map[string]string{"abc": strings.Repeat("x", 8190)}}, CodeMetadataTooLarge, "Your metadata headers exceed the maximum allowed metadata size."},
		"a body of 5 GiB - 5 MiB + 1": {"k", PutOptions{Size: 5<<30 - 5<<20 + 1}, CodeEntityTooLarge, "Your proposed upload exceeds the maximum allowed object size."},
		"a storage class of none":     {"k", PutOptions{StorageClass: "Glacier"}, CodeInvalidArgument, "The storage class you specified is not valid."},
		"a checksum that is short":    {"k", PutOptions{Checksums: Checksums{SHA1: []byte("short")}}, CodeInvalidDigest, "The checksum you specified is not valid."},
		"a body that ends early":      {"k", PutOptions{Size: 6}, CodeIncompleteBody, "You did not provide the number of bytes specified by the Content-Length HTTP header."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.Put(t.Context(), tt.key, strings.NewReader("hello"), tt.o)
			if code(err) != tt.want || err != nil && err.Error() != tt.text {
				t.Errorf("got %d %v, want %d %s", code(err), err, tt.want, tt.text)
			}
		})
	}
}

func TestAThousandKeysAreDeletedAtOnceAndNoMore(t *testing.T) {
	b := openOne(t, Options{})
	put(t, b, "k", "v", PutOptions{})
	keys := strings.Fields(strings.Repeat("k ", 1001))
	if err := b.Delete(t.Context(), keys...); code(err) != CodeInvalidArgument || body(t, b, "k") != "v" {
		t.Errorf("1001 keys: %v", err)
	}
	if err := b.Delete(t.Context(), keys[1:]...); err != nil || body(t, b, "k") != "absent" {
		t.Errorf("1000 keys: %v", err)
	}
}

func TestABodyIsReadOnlyToItsSize(t *testing.T) {
	b := openOne(t, Options{})
	rest := strings.NewReader("hello world")
	if _, err := b.Put(t.Context(), "k", rest, PutOptions{Size: 5}); err != nil {
		t.Fatal(err)
	}
	if got := body(t, b, "k"); got != "hello" || rest.Len() != 6 {
		t.Errorf("stored %q, %d bytes left", got, rest.Len())
	}
}

func TestABodyThatFailsLeavesNothing(t *testing.T) {
	b := openOne(t, Options{})
	put(t, b, "k", "old", PutOptions{})
	boom := errors.New("boom")
	_, err := b.Put(t.Context(), "k", io.MultiReader(strings.NewReader("half"), failing{boom}), PutOptions{})
	if !errors.Is(err, boom) {
		t.Errorf("put: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err = b.Put(ctx, "k", &spy{strings.NewReader("half"), func() { cancel(boom) }}, PutOptions{})
	if !errors.Is(err, boom) {
		t.Errorf("put of a caller who went: %v", err)
	}
	if got := body(t, b, "k"); got != "old" {
		t.Errorf("got %q", got)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A spy calls then after each read.
type spy struct {
	io.Reader
	then func()
}

func (s *spy) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.then()
	return n, err
}

func TestRanges(t *testing.T) {
	b := openOne(t, Options{})
	put(t, b, "k", "0123456789", PutOptions{})
	put(t, b, "empty", "", PutOptions{})
	at := func(n ...int64) *RangeRequest {
		r := &RangeRequest{}
		for i, f := range []**int64{&r.Offset, &r.Length, &r.Suffix} {
			if i < len(n) && n[i] != -99 {
				*f = &n[i]
			}
		}
		return r
	}
	const none = -99
	for name, tt := range map[string]struct {
		o    GetOptions
		want string // "416": refused
	}{
		"all":                             {GetOptions{}, "0123456789"},
		"offset":                          {GetOptions{Range: at(7)}, "789"},
		"offset and length":               {GetOptions{Range: at(2, 3)}, "234"},
		"length":                          {GetOptions{Range: at(none, 3)}, "012"},
		"a length that is too long":       {GetOptions{Range: at(8, 30)}, "89"},
		"suffix":                          {GetOptions{Range: at(none, none, 3)}, "789"},
		"a suffix that is too long":       {GetOptions{Range: at(none, none, 30)}, "0123456789"},
		"a suffix of none":                {GetOptions{Range: at(none, none, 0)}, "416"},
		"an offset at the end":            {GetOptions{Range: at(10)}, "416"},
		"an offset behind the end":        {GetOptions{Range: at(11, 1)}, "416"},
		"an offset below zero":            {GetOptions{Range: at(-1)}, "416"},
		"a length of none":                {GetOptions{Range: at(0, 0)}, "416"},
		"header from to":                  {GetOptions{RangeHeader: "bytes=2-4"}, "234"},
		"header from":                     {GetOptions{RangeHeader: "bytes=7-"}, "789"},
		"header suffix":                   {GetOptions{RangeHeader: "bytes=-3"}, "789"},
		"header to far behind the end":    {GetOptions{RangeHeader: "bytes=8-99"}, "89"},
		"header from behind the end":      {GetOptions{RangeHeader: "bytes=10-"}, "0123456789"},
		"header of two ranges":            {GetOptions{RangeHeader: "bytes=0-1,4-5"}, "0123456789"},
		"header that is turned":           {GetOptions{RangeHeader: "bytes=5-2"}, "0123456789"},
		"header of another unit":          {GetOptions{RangeHeader: "lines=1-2"}, "0123456789"},
		"header that wins over the range": {GetOptions{RangeHeader: "bytes=2-4", Range: at(7)}, "234"},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := b.Get(t.Context(), "k", tt.o)
			if tt.want == "416" {
				if code(err) != CodeInvalidRange {
					t.Errorf("got %v, %v", o, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := drain(t, o)
			if got != tt.want || o.Range.Length != int64(len(got)) || o.Size != 10 {
				t.Errorf("got %q as %+v of %d, want %q", got, *o.Range, o.Size, tt.want)
			}
		})
	}
	if got := body(t, b, "empty"); got != "" {
		t.Errorf("an empty object yields %q", got)
	}
}

func TestConditions(t *testing.T) {
	b := openOne(t, Options{Clock: frozen()})
	etag := put(t, b, "k", "v", PutOptions{}).ETag
	strong, weak, other, wildcard := ETag{Value: etag}, ETag{Value: etag, Weak: true}, ETag{Value: "other"}, ETag{Wildcard: true}
	ms := time.Millisecond
	for name, tt := range map[string]struct {
		c            Conditions
		there, empty bool // whether it holds for the object, and where there is none
	}{
		"none":                                  {Conditions{}, true, true},
		"matches":                               {Conditions{ETagMatches: []ETag{other, strong}}, true, false},
		"matches another":                       {Conditions{ETagMatches: []ETag{other}}, false, false},
		"matches none":                          {Conditions{ETagMatches: []ETag{}}, false, false},
		"matches weakly":                        {Conditions{ETagMatches: []ETag{weak}}, false, false},
		"matches any":                           {Conditions{ETagMatches: []ETag{wildcard}}, true, false},
		"does not match":                        {Conditions{ETagDoesNotMatch: []ETag{strong}}, false, true},
		"does not match weakly":                 {Conditions{ETagDoesNotMatch: []ETag{weak}}, false, true},
		"does not match another":                {Conditions{ETagDoesNotMatch: []ETag{other}}, true, true},
		"does not match any":                    {Conditions{ETagDoesNotMatch: []ETag{wildcard}}, false, true},
		"before later":                          {Conditions{UploadedBefore: epoch.Add(ms)}, true, true},
		"before the same instant":               {Conditions{UploadedBefore: epoch}, false, true},
		"before later in the same second":       {Conditions{UploadedBefore: epoch.Add(ms), SecondsGranularity: true}, false, true},
		"after earlier":                         {Conditions{UploadedAfter: epoch.Add(-ms)}, true, false},
		"after the same instant":                {Conditions{UploadedAfter: epoch}, false, false},
		"after earlier in the same second":      {Conditions{UploadedAfter: epoch.Add(-ms), SecondsGranularity: true}, false, false},
		"a match overrides before":              {Conditions{ETagMatches: []ETag{strong}, UploadedBefore: epoch}, true, false},
		"another's mismatch overrides after":    {Conditions{ETagDoesNotMatch: []ETag{other}, UploadedAfter: epoch}, true, false},
		"a mismatch does not override anything": {Conditions{ETagMatches: []ETag{other}, UploadedBefore: epoch.Add(ms)}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := b.Get(t.Context(), "k", GetOptions{OnlyIf: &tt.c})
			if tt.there {
				if err != nil {
					t.Fatal(err)
				}
				drain(t, o)
			} else if code(err) != CodePreconditionFailed || o == nil || o.ETag != etag || o.Body != nil {
				t.Errorf("get = %+v, %v; want the object without its body", o, err)
			}
			for key, holds := range map[string]bool{"k": tt.there, "new": tt.empty} {
				_, err := b.Put(t.Context(), key, strings.NewReader("v"), PutOptions{OnlyIf: &tt.c})
				if holds != (err == nil) || err != nil && code(err) != CodePreconditionFailed {
					t.Errorf("put %q: %v, want it to hold: %v", key, err, holds)
				}
			}
			if err := b.Delete(t.Context(), "new"); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestOneOfManyConditionalPutsWins(t *testing.T) {
	b := openOne(t, Options{})
	const writers = 8
	var wg sync.WaitGroup
	won := make(chan string, writers)
	start := make(chan struct{})
	for i := range writers {
		wg.Go(func() {
			<-start
			text := fmt.Sprint("writer ", i)
			_, err := b.Put(t.Context(), "lock", strings.NewReader(text), PutOptions{OnlyIf: &Conditions{ETagDoesNotMatch: []ETag{{Wildcard: true}}}})
			if err == nil {
				won <- text
			} else if code(err) != CodePreconditionFailed {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d writers won", len(won))
	}
	if want, got := <-won, body(t, b, "lock"); got != want {
		t.Errorf("%q is stored, %q won", got, want)
	}
}

func TestOneWritersFailureIsNotTheOthers(t *testing.T) {
	kept := openOne(t, Options{})
	s := kept.service
	gone, err := s.Create(t.Context(), "gone")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	writers := []func(){
		func() {
			if _, err := gone.Put(t.Context(), "k", nil, PutOptions{}); code(err) != CodeNoSuchBucket {
				t.Errorf("put into a deleted bucket: %v", err)
			}
		},
		func() { put(t, kept, "k", "v", PutOptions{}) },
		func() {
			if err := kept.AbortUpload(t.Context(), Upload{"k", "none"}); code(err) != CodeInternal {
				t.Errorf("abort of no upload: %v", err)
			}
		},
	}
	c := &s.index.commit
	resume := c.Pause() // as if a commit were under way
	var wg sync.WaitGroup
	for _, w := range writers {
		wg.Go(w)
	}
	testkit.Wait(t, func() error {
		if n := c.Waiting(); n < len(writers) {
			return fmt.Errorf("%d writers wait", n)
		}
		return nil
	})
	resume()
	wg.Wait()
	if got := body(t, kept, "k"); got != "v" {
		t.Errorf("got %q", got)
	}
}

func TestAnObjectIsReadWholeThoughItGoes(t *testing.T) {
	for name, goes := range map[string]func(*testing.T, *Bucket) error{
		"by a put":    func(t *testing.T, b *Bucket) error { put(t, b, "k", "new", PutOptions{}); return nil },
		"by a delete": func(t *testing.T, b *Bucket) error { return b.Delete(t.Context(), "k") },
		"by a reset":  func(t *testing.T, b *Bucket) error { return b.service.Reset(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			b := openOne(t, Options{})
			whole := upload(t, b, "k", pattern(minPartBytes), pattern(minPartBytes), []byte("end"))
			o, err := b.Get(t.Context(), "k", GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			head := make([]byte, 10)
			if _, err := io.ReadFull(o.Body, head); err != nil {
				t.Fatal(err)
			}
			if err := goes(t, b); err != nil {
				t.Fatal(err)
			}
			if got := string(head) + drain(t, o); got != whole {
				t.Errorf("%d bytes, want %d", len(got), len(whole))
			}
			if err := inspect(b.service); err != nil { // the last reader has taken it away
				t.Error(err)
			}
		})
	}
}

func TestReadersAndWritersAtOnce(t *testing.T) {
	b := openOne(t, Options{})
	put(t, b, "k", whole(0), PutOptions{})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 20 {
				if _, err := b.Put(t.Context(), "k", strings.NewReader(whole(w*100+i)), PutOptions{}); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 40 {
				o, err := b.Get(t.Context(), "k", GetOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				got := drain(t, o)
				var i int
				fmt.Sscan(got, &i)
				if got != whole(i) {
					t.Errorf("read %d bytes that nobody put", len(got))
				}
			}
		})
	}
	wg.Wait()
	if n := len(blobFiles(b.service)); n != 1 {
		t.Errorf("%d blobs for one object", n)
	}
}

// whole is a body that tells its number and is longer than a buffer.
func whole(i int) string { return strings.Repeat(fmt.Sprintln(i), 20_000) }

func TestMemoryStaysFlat(t *testing.T) {
	b := openOne(t, Options{})
	const size = 64 << 20
	peak := uint64(0)
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	look := func() {
		if rand.IntN(64) == 0 {
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
		}
	}
	if _, err := b.Put(t.Context(), "k", &spy{io.LimitReader(zeros{}, size), look}, PutOptions{}); err != nil {
		t.Fatal(err)
	}
	o, err := b.Get(t.Context(), "k", GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, &spy{o.Body, look}); err != nil || n != size {
		t.Fatalf("read %d bytes: %v", n, err)
	}
	if err := o.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if peak > before.HeapAlloc+16<<20 {
		t.Errorf("heap grew from %d to %d for a body of %d", before.HeapAlloc, peak, size)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestEveryVerbPassesTheProbe(t *testing.T) {
	var events []probe.Event
	fault := errors.New("fault")
	var failing string
	b := openOne(t, Options{Probe: &probe.Probe{
		Observe: func(e probe.Event) { events = append(events, e) },
		Intercept: func(_ context.Context, op probe.Op) error {
			if op.Name == failing {
				return fault
			}
			return nil
		},
	}})
	put(t, b, "k", "v", PutOptions{})
	u := &Upload{Key: "m"}
	for _, tt := range []struct {
		verb, unit string
		want       Code // of a failure that is billed too
		do         func() error
	}{
		{"put", classA, 0, func() error { _, err := b.Put(t.Context(), "k", strings.NewReader("v"), PutOptions{}); return err }},
		{"put", classA, CodePreconditionFailed, func() error {
			_, err := b.Put(t.Context(), "k", nil, PutOptions{OnlyIf: &Conditions{ETagMatches: []ETag{}}})
			return err
		}},
		{"put", classA, CodeBadDigest, func() error {
			_, err := b.Put(t.Context(), "k", nil, PutOptions{Checksums: Checksums{MD5: make([]byte, 16)}})
			return err
		}},
		{"head", classB, 0, func() error { _, err := b.Head(t.Context(), "k"); return err }},
		{"get", classB, 0, func() error {
			o, err := b.Get(t.Context(), "k", GetOptions{})
			if err == nil {
				drain(t, o)
			}
			return err
		}},
		{"list", classA, 0, func() error { _, err := b.List(t.Context(), ListQuery{}); return err }},
		{"delete", "", 0, func() error { return b.Delete(t.Context(), "k") }},
		{"create_multipart_upload", classA, 0, func() (err error) {
			made, err := b.CreateUpload(t.Context(), "m", PutOptions{})
			if err == nil {
				u = made
			}
			return err
		}},
		{"upload_part", classA, 0, func() error {
			_, err := b.UploadPart(t.Context(), *u, 1, strings.NewReader("v"), PartOptions{})
			return err
		}},
		{"complete_multipart_upload", classA, CodeInvalidPart, func() error {
			_, err := b.CompleteUpload(t.Context(), *u, []Part{{Number: 1, ETag: "wrong"}})
			return err
		}},
		{"abort_multipart_upload", "", 0, func() error { return b.AbortUpload(t.Context(), *u) }},
	} {
		t.Run(fmt.Sprint(tt.verb, tt.want), func(t *testing.T) {
			events, failing = nil, ""
			if err := tt.do(); code(err) != tt.want || tt.want == 0 && err != nil {
				t.Fatal(err)
			}
			if len(events) != 1 || events[0].Name != tt.verb || events[0].Resource != b.Name {
				t.Fatalf("observed %+v, want one %s", events, tt.verb)
			}
			if tt.unit != "" && events[0].Counts[tt.unit] != 1 || tt.unit == "" && len(events[0].Counts) > 0 {
				t.Errorf("counted %v, want one of %q", events[0].Counts, tt.unit)
			}
			failing = tt.verb
			if err := tt.do(); !errors.Is(err, fault) {
				t.Errorf("an injected fault came back as %v", err)
			}
		})
	}
}
