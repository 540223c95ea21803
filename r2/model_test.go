package r2

import (
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A modelObject is what a map would keep under a key.
type modelObject struct {
	body, etag string
	uploaded   time.Time
}

// TestBehavesLikeAMap does random operations on a bucket and on a map. Readers that were opened on
// the way read what there was then.
func TestBehavesLikeAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "r2-model-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		c := frozen()
		opts := Options{Clock: c, NoSync: true}
		s := open(t, dir, opts)
		b, err := s.Create(t.Context(), "model")
		if err != nil {
			t.Fatal(err)
		}
		model := map[string]modelObject{}
		type reader struct {
			body io.ReadCloser
			want string
		}
		var readers []reader
		keys := rapid.SampledFrom([]string{"a", "a/b", "a/b/c", "a/é", "b", "b/", "z/y"})
		fail := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		finish := func() {
			for _, r := range readers {
				got, err := io.ReadAll(r.body)
				fail(errors.Join(err, r.body.Close()))
				if string(got) != r.want {
					t.Fatalf("a reader got %d bytes, there were %d when it began", len(got), len(r.want))
				}
			}
			readers = nil
		}

		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				key := keys.Draw(t, "key")
				c.Advance(time.Second)
				size := rapid.SampledFrom([]int{0, 1, maxSmallBytes, maxSmallBytes + 1, 70_000}).Draw(t, "size")
				text := strings.Repeat(fmt.Sprint(c.Now().Unix(), key), size)[:size]
				o := PutOptions{}
				old, there := model[key]
				holds := true
				switch rapid.IntRange(0, 3).Draw(t, "condition") {
				case 1:
					o.OnlyIf, holds = &Conditions{ETagDoesNotMatch: []ETag{{Wildcard: true}}}, !there
				case 2:
					o.OnlyIf, holds = &Conditions{ETagMatches: []ETag{{Value: old.etag}}}, there
				}
				got, err := b.Put(t.Context(), key, strings.NewReader(text), o)
				if !holds {
					if code(err) != CodePreconditionFailed {
						t.Fatalf("put = %v, want 412", err)
					}
					return
				}
				fail(err)
				model[key] = modelObject{text, fmt.Sprintf("%x", md5.Sum([]byte(text))), c.Now()}
				if got.ETag != model[key].etag {
					t.Fatalf("etag %s, want %s", got.ETag, model[key].etag)
				}
			},
			"put in parts": func(t *rapid.T) {
				key := keys.Draw(t, "key")
				c.Advance(time.Second)
				u, err := b.CreateUpload(t.Context(), key, PutOptions{})
				fail(err)
				_, err = b.UploadPart(t.Context(), *u, 1, strings.NewReader("replaced"), PartOptions{})
				fail(err)
				p, err := b.UploadPart(t.Context(), *u, 1, strings.NewReader(key), PartOptions{})
				fail(err)
				_, err = b.UploadPart(t.Context(), *u, 2, strings.NewReader("not named"), PartOptions{})
				fail(err)
				if rapid.Bool().Draw(t, "and abort") {
					fail(b.AbortUpload(t.Context(), *u))
					return
				}
				o, err := b.CompleteUpload(t.Context(), *u, []Part{*p})
				fail(err)
				model[key] = modelObject{key, o.ETag, c.Now()}
			},
			"copy": func(t *rapid.T) {
				from, to := keys.Draw(t, "from"), keys.Draw(t, "to")
				c.Advance(time.Second)
				source, there := model[from]
				etag := rapid.SampledFrom([]string{source.etag, "another"}).Draw(t, "etag")
				_, err := b.Copy(t.Context(), to, Source{Bucket: b, Key: from, OnlyIf: &Conditions{ETagMatches: []ETag{{Value: etag}}}},
					func(*Object) (PutOptions, error) { return PutOptions{}, nil })
				switch {
				case !there:
					if code(err) != CodeNoSuchKey {
						t.Fatalf("copy of nothing: %v", err)
					}
				case etag != source.etag:
					if code(err) != CodePreconditionFailed {
						t.Fatalf("copy of another etag: %v", err)
					}
				default:
					fail(err)
					model[to] = modelObject{source.body, fmt.Sprintf("%x", md5.Sum([]byte(source.body))), c.Now()}
				}
			},
			"delete": func(t *rapid.T) {
				some := rapid.SliceOfN(keys, 0, 3).Draw(t, "keys")
				fail(b.Delete(t.Context(), some...))
				for _, key := range some {
					delete(model, key)
				}
			},
			"get": func(t *rapid.T) {
				key := keys.Draw(t, "key")
				want, there := model[key]
				offset, length := int64(rapid.IntRange(0, 1001).Draw(t, "offset")), int64(rapid.IntRange(1, 80_000).Draw(t, "length"))
				o, err := b.Get(t.Context(), key, GetOptions{Range: &RangeRequest{Offset: &offset, Length: &length}})
				switch {
				case !there:
					if code(err) != CodeNoSuchKey {
						t.Fatalf("get %q = %v, want none", key, err)
					}
				case offset >= int64(len(want.body)):
					if code(err) != CodeInvalidRange {
						t.Fatalf("get %q from %d of %d = %v", key, offset, len(want.body), err)
					}
				default:
					fail(err)
					if o.ETag != want.etag || !o.Uploaded.Equal(want.uploaded.Truncate(time.Millisecond)) {
						t.Fatalf("get %q = %+v, want %s %v", key, o, want.etag, want.uploaded)
					}
					readers = append(readers, reader{o.Body, want.body[offset:min(offset+length, int64(len(want.body)))]})
				}
			},
			"finish readers": func(*rapid.T) { finish() },
			"reopen": func(t *rapid.T) {
				finish()
				shut(t, s)
				if rapid.Bool().Draw(t, "with a look for orphans") {
					fail(os.Remove(s.blobs.cleanMark()))
				}
				s, err = Open(dir, opts)
				fail(err)
				b, err = s.Get(t.Context(), "model")
				fail(err)
			},
			"reset": func(t *rapid.T) {
				if rapid.IntRange(0, 4).Draw(t, "rarely") == 0 {
					fail(s.Reset(t.Context()))
					clear(model)
				}
			},
			"": func(t *rapid.T) {
				q := ListQuery{
					Prefix:    rapid.SampledFrom([]string{"", "a", "a/", "c"}).Draw(t, "prefix"),
					Delimiter: rapid.SampledFrom([]string{"", "/"}).Draw(t, "delimiter"),
					Limit:     rapid.IntRange(1, 4).Draw(t, "limit"),
				}
				var keys, groups []string
				for _, key := range slices.Sorted(maps.Keys(model)) {
					rest, ok := strings.CutPrefix(key, q.Prefix)
					if !ok {
						continue
					}
					if head, _, ok := strings.Cut(rest, "/"); ok && q.Delimiter != "" {
						groups = append(groups, "["+q.Prefix+head+"/]")
					} else {
						keys = append(keys, key)
					}
				}
				var gotKeys, gotGroups []string
				for {
					page, err := b.List(t.Context(), q)
					fail(err)
					for _, o := range page.Objects {
						gotKeys = append(gotKeys, o.Key)
						if o.ETag != model[o.Key].etag || o.Size != int64(len(model[o.Key].body)) {
							t.Fatalf("listed %+v", o)
						}
					}
					for _, p := range page.Prefixes {
						gotGroups = append(gotGroups, "["+p+"]")
					}
					if q.Cursor = page.Cursor; q.Cursor == "" {
						break
					}
				}
				if !slices.Equal(gotKeys, keys) || !slices.Equal(gotGroups, slices.Compact(groups)) {
					t.Fatalf("list %+v = %q %q, want %q %q", q, gotKeys, gotGroups, keys, groups)
				}
				fail(inspect(s))
			},
		})
		finish()
		shut(t, s)
	})
}
