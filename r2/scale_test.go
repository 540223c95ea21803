package r2

import (
	"encoding/base64"
	"fmt"
	"os"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/clock"
)

// BenchmarkList measures a page of 1000 objects in the midst of a million, and of 1000 prefixes that stand for
// a thousand objects each, beside the same of ten thousand objects: flat, whatever else there is. The
// ratios are those of the medians, which were taken by turns.
func BenchmarkList(b *testing.B) {
	few, many := filled(b, 10_000), filled(b, 1_000_000)
	for _, kind := range []struct {
		name  string
		query ListQuery
		rows  int
	}{
		{"list", ListQuery{Cursor: base64.StdEncoding.EncodeToString([]byte("0005/000"))}, maxListKeys},
		{"list-by-delimiter", ListQuery{Delimiter: "/"}, 10},
	} {
		page := func(bucket *Bucket) float64 {
			q := kind.query
			q.Limit = kind.rows
			took := clock.Stopwatch()
			p, err := bucket.List(b.Context(), q)
			if err != nil || len(p.Objects)+len(p.Prefixes) != kind.rows {
				b.Fatalf("%d objects, %d prefixes, %v", len(p.Objects), len(p.Prefixes), err)
			}
			return took().Seconds()
		}
		b.Run(kind.name, func(b *testing.B) {
			var ofFew, ofMany []float64
			for b.Loop() {
				ofFew, ofMany = append(ofFew, page(few)), append(ofMany, page(many))
			}
			slices.Sort(ofFew)
			slices.Sort(ofMany)
			b.ReportMetric(ofMany[len(ofMany)/2]*1e6, kind.name+"-of-1000000-µs")
			b.ReportMetric(ofMany[len(ofMany)/2]/ofFew[len(ofFew)/2], kind.name+"-of-1000000-ratio")
		})
	}
}

// filled returns a bucket with so many small objects, a thousand below each prefix, put in large transactions.
func filled(b *testing.B, objects int) *Bucket {
	b.Helper()
	dir := b.TempDir()
	s, err := Open(dir, Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
		os.RemoveAll(dir)
	})
	bucket, err := s.Create(b.Context(), "many")
	if err != nil {
		b.Fatal(err)
	}
	body := []byte("body")
	sums := ChecksumsOf(body, MD5)
	row := objectRow{
		Version: s.ids.name(), Size: int64(len(body)), ETag: fmt.Sprintf("%x", sums.MD5), Uploaded: s.clock.Now().UnixMilli(),
		Checksums: sums, StorageClass: Standard, small: body,
	}
	const batch = 50_000
	for from := 0; from < objects; from += batch {
		err := s.index.db.Update(func(tx *bolt.Tx) error {
			c, _ := contentIn(tx, bucket.Name)
			for i := from; i < min(from+batch, objects); i++ {
				if err := putRow(c.objects, fmt.Appendf(nil, "%04d/%03d", i/1000, i%1000), &row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return bucket
}
