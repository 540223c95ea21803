package r2

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"maps"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// arriving yields objects, and then an error unless that is nil.
func arriving(objects []Incoming, err error) iter.Seq2[Incoming, error] {
	return func(yield func(Incoming, error) bool) {
		for _, o := range objects {
			if !yield(o, nil) {
				return
			}
		}
		if err != nil {
			yield(Incoming{}, err)
		}
	}
}

func incoming(key string, content []byte) Incoming {
	return Incoming{Key: key, ETag: fmt.Sprintf("%x", md5.Sum(content)), Uploaded: epoch, Size: int64(len(content)), Body: bytes.NewReader(content)}
}

// ofParts is an object that was uploaded in parts of those sizes.
func ofParts(key string, sizes ...int64) Incoming {
	var all, sums []byte
	for i, size := range sizes {
		part := bytes.Repeat([]byte{byte('a' + i)}, int(size))
		sum := md5.Sum(part)
		all, sums = append(all, part...), append(sums, sum[:]...)
	}
	in := incoming(key, all)
	in.ETag, in.Parts = fmt.Sprintf("%x-%d", md5.Sum(sums), len(sizes)), sizes
	return in
}

// unfinished counts what Replace has left aside.
func unfinished(t *testing.T, s *Service) (left int) {
	t.Helper()
	err := s.index.db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(topIncoming)
		if b == nil {
			return nil
		}
		return b.ForEach(func(_, _ []byte) error { left++; return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func TestReplaceTakesObjectsWhole(t *testing.T) {
	b := openOne(t, Options{Clock: frozen()})
	put(t, b, "old", string(pattern(10_000)), PutOptions{})
	sum := sha256.Sum256([]byte("small"))
	small := incoming("é/small", []byte("small"))
	small.Version, small.Uploaded = "0123456789abcdef0123456789abcdef", epoch.Add(-time.Hour)
	small.HTTP = HTTPMetadata{ContentType: "text/plain", CacheExpiry: epoch.Add(time.Hour)}
	small.Custom = map[string]string{"a": "é"}
	small.Checksums = Checksums{SHA256: sum[:]}
	done, err := b.Replace(t.Context(), arriving([]Incoming{
		small, incoming("empty", nil), incoming("large", pattern(100_000)), ofParts("parts", 5000, 5000, 10), ofParts("one part", 7),
	}, nil), ReplaceOptions{Force: true})
	if want := (Replaced{5, 5 + 100_000 + 10_010 + 7}); err != nil || done != want {
		t.Fatalf("got %+v, %v, want %+v", done, err, want)
	}
	for key, want := range map[string]string{
		"old": "absent", "é/small": "small", "empty": "", "large": string(pattern(100_000)),
		"parts": strings.Repeat("a", 5000) + strings.Repeat("b", 5000) + "cccccccccc", "one part": "aaaaaaa",
	} {
		if got := body(t, b, key); got != want {
			t.Errorf("%s has %d bytes, want %d", key, len(got), len(want))
		}
	}
	o, err := b.Head(t.Context(), "é/small")
	if err != nil {
		t.Fatal(err)
	}
	if o.Version != small.Version || o.ETag != small.ETag || !o.Uploaded.Equal(small.Uploaded) || o.HTTP != small.HTTP ||
		!maps.Equal(o.Custom, small.Custom) || !bytes.Equal(o.Checksums.SHA256, sum[:]) || len(o.Checksums.MD5) == 0 || o.StorageClass != Standard {
		t.Errorf("got %+v", o)
	}
	if o, err = b.Head(t.Context(), "parts"); err != nil || !strings.HasSuffix(o.ETag, "-3") || o.Checksums.MD5 != nil || o.Version == "" {
		t.Errorf("got %+v, %v", o, err)
	}
	if got := len(blobFiles(b.service)); got != 5 { // large, and the parts
		t.Errorf("%d blobs", got)
	}
}

func TestReplaceIsOneChange(t *testing.T) {
	lost := errors.New("the sender has gone")
	damaged := incoming("damaged", pattern(10_000))
	damaged.ETag = strings.Repeat("0", 32)
	short := incoming("short", pattern(5_000))
	short.Size = 10_000
	summed := incoming("summed", []byte("x"))
	summed.Checksums.SHA1 = make([]byte, 20)
	parts := ofParts("parts", 5000, 10)
	parts.Parts = []int64{4000, 1010}
	for name, tt := range map[string]struct {
		objects []Incoming
		err     error
		o       ReplaceOptions
		want    string // of the error
	}{
		"a sender that fails":                    {nil, lost, ReplaceOptions{Force: true}, lost.Error()},
		"content that is not the etag's":         {[]Incoming{damaged}, nil, ReplaceOptions{Force: true}, `object "damaged": its content is damaged`},
		"content that is too short":              {[]Incoming{short}, nil, ReplaceOptions{Force: true}, `object "short"`},
		"content that is not the checksum's":     {[]Incoming{summed}, nil, ReplaceOptions{Force: true}, "SHA-1 checksum you specified did not match"},
		"parts that are not the etag's":          {[]Incoming{parts}, nil, ReplaceOptions{Force: true}, `object "parts": its content is damaged`},
		"a key that is too long":                 {[]Incoming{incoming(strings.Repeat("k", 1025), nil)}, nil, ReplaceOptions{Force: true}, "object name is not valid"},
		"a bucket that has objects":              {nil, nil, ReplaceOptions{}, "the bucket invoices has objects already"},
		"a dry run":                              {nil, nil, ReplaceOptions{Force: true, DryRun: true}, ""},
		"a dry run of what has objects":          {nil, nil, ReplaceOptions{DryRun: true}, "has objects already"},
		"a dry run of content of another etag":   {[]Incoming{damaged}, nil, ReplaceOptions{Force: true, DryRun: true}, "damaged"},
		"a dry run of content that is too short": {[]Incoming{short}, nil, ReplaceOptions{Force: true, DryRun: true}, `object "short"`},
	} {
		t.Run(name, func(t *testing.T) {
			b := openOne(t, Options{Clock: frozen()})
			put(t, b, "old", string(pattern(10_000)), PutOptions{})
			objects := []Incoming{ofParts("first parts", 5000, 10)}
			for i := range 1200 { // more than one commit's
				objects = append(objects, incoming(fmt.Sprint("k", i), []byte("v")))
			}
			objects = append(objects, incoming("large", pattern(10_000)))
			for _, o := range tt.objects {
				if _, err := o.Body.(*bytes.Reader).Seek(0, 0); err != nil {
					t.Fatal(err)
				}
			}
			_, err := b.Replace(t.Context(), arriving(append(objects, tt.objects...), tt.err), tt.o)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			page, err := b.List(t.Context(), ListQuery{})
			if err != nil || len(page.Objects) != 1 || body(t, b, "old") != string(pattern(10_000)) {
				t.Errorf("there are %d objects, %v", len(page.Objects), err)
			}
			if left := unfinished(t, b.service); left != 0 || len(blobFiles(b.service)) != 1 {
				t.Errorf("%d unfinished, blobs %v", left, blobFiles(b.service))
			}
		})
	}
}

func TestAnObjectThatComesDuringReplaceIsNotLost(t *testing.T) {
	b := openOne(t, Options{Clock: frozen()})
	objects := func(yield func(Incoming, error) bool) {
		put(t, b, "meanwhile", "v", PutOptions{})
		yield(incoming("new", pattern(10_000)), nil)
	}
	_, err := b.Replace(t.Context(), objects, ReplaceOptions{})
	if _, ok := errors.AsType[*NotEmptyError](err); !ok || body(t, b, "meanwhile") != "v" || unfinished(t, b.service) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestWhatAKilledReplaceLeftIsDropped(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{Clock: frozen()})
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	r := &replacement{b: b, name: s.ids.name()}
	if err := r.collect(t.Context(), arriving([]Incoming{incoming("k", pattern(10_000))}, nil)); err != nil {
		t.Fatal(err)
	}
	if unfinished(t, s) == 0 || len(blobFiles(s)) != 1 {
		t.Fatal("nothing lies aside")
	}
	if err := s.Close(); err != nil { // without a mark, since a write is not settled
		t.Fatal(err)
	}
	s = open(t, dir, Options{Clock: frozen()})
	<-s.sweep.done
	if left := unfinished(t, s); left != 0 || len(blobFiles(s)) != 0 {
		t.Errorf("%d left, blobs %v", left, blobFiles(s))
	}
}
