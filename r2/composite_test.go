package r2

import (
	"bytes"
	"hash/crc64"
	"testing"

	"pgregory.net/rapid"
)

func TestJoinedCRCsAreThoseOfTheWhole(t *testing.T) {
	table := crc64.MakeTable(crc64NVMEPolynomial)
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOf(rapid.Byte()).Draw(t, "a"), rapid.SliceOf(rapid.Byte()).Draw(t, "b")
		got := joinCRC64(crc64.Checksum(a, table), crc64.Checksum(b, table), int64(len(b)))
		if want := crc64.Checksum(append(bytes.Clone(a), b...), table); got != want {
			t.Errorf("got %x, want %x", got, want)
		}
	})
}

// A multipart object has the checksums that all of its parts have, and no binding sees the composite ones.
func TestOnlyWhatAllPartsHaveIsComposed(t *testing.T) {
	b := openOne(t, Options{Clock: frozen()})
	u, err := b.CreateUpload(t.Context(), "k", PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var parts []Part
	for i, compute := range [][]Algorithm{{SHA256, CRC32}, {SHA256}} {
		p, err := b.UploadPart(t.Context(), *u, i+1, bytes.NewReader(make([]byte, minPartBytes)), PartOptions{Compute: compute})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, *p)
	}
	if _, err := b.CompleteUploadIf(t.Context(), *u, []Part{{Number: 1, ETag: parts[0].ETag, Checksums: Checksums{CRC32: []byte("no!!")}}}, CompleteOptions{}); code(err) != CodeInvalidPart {
		t.Errorf("a part of another checksum: %v", err)
	}
	if _, err := b.CompleteUpload(t.Context(), *u, parts); err != nil {
		t.Fatal(err)
	}
	o, err := b.Head(t.Context(), "k")
	if err != nil || len(o.Composite.SHA256) != 32 || o.Composite.CRC32 != nil || o.Checksums.SHA256 != nil || o.Parts != 2 {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestACopyNeedsBothItsEnds(t *testing.T) {
	b := openOne(t, Options{Clock: frozen()})
	put := func(key, body string) {
		if _, err := b.Put(t.Context(), key, bytes.NewReader([]byte(body)), PutOptions{Custom: map[string]string{"k": key}}); err != nil {
			t.Fatal(err)
		}
	}
	put("a", "body")
	keep := func(o *Object) (PutOptions, error) { return PutOptions{Custom: o.Custom}, nil }
	onlyNew := func(*Object) (PutOptions, error) {
		return PutOptions{OnlyIf: &Conditions{ETagDoesNotMatch: []ETag{{Wildcard: true}}}}, nil
	}
	for name, c := range map[string]struct {
		from     Source
		describe func(*Object) (PutOptions, error)
		want     Code
	}{
		"no source":               {Source{Bucket: b, Key: "no"}, keep, CodeNoSuchKey},
		"no key":                  {Source{Bucket: b}, keep, CodeInvalidObjectName},
		"a source that has moved": {Source{Bucket: b, Key: "a", OnlyIf: &Conditions{ETagMatches: []ETag{{Value: "x"}}}}, keep, CodePreconditionFailed},
		"a target that is taken":  {Source{Bucket: b, Key: "a"}, onlyNew, CodePreconditionFailed},
		"onto itself":             {Source{Bucket: b, Key: "a"}, keep, 0},
	} {
		if _, err := b.Copy(t.Context(), "a", c.from, c.describe); code(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	o, err := b.Copy(t.Context(), "b", Source{Bucket: b, Key: "a"}, keep)
	if err != nil || o.Custom["k"] != "a" || o.Size != 4 {
		t.Errorf("got %+v, %v", o, err)
	}
}
