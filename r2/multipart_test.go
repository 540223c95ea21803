package r2

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// upload stores an object in parts and returns its body.
func upload(t testing.TB, b *Bucket, key string, bodies ...[]byte) string {
	t.Helper()
	u, err := b.CreateUpload(t.Context(), key, PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.CompleteUpload(t.Context(), *u, parts(t, b, *u, bodies...)); err != nil {
		t.Fatal(err)
	}
	return string(slices.Concat(bodies...))
}

func parts(t testing.TB, b *Bucket, u Upload, bodies ...[]byte) []Part {
	t.Helper()
	var all []Part
	for i, body := range bodies {
		p, err := b.UploadPart(t.Context(), u, i+1, bytes.NewReader(body), PartOptions{Size: int64(len(body))})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, *p)
	}
	return all
}

func TestPartsBecomeOneObject(t *testing.T) {
	b := openOne(t, Options{Clock: frozen()})
	o := PutOptions{Custom: map[string]string{"a": "b"}, HTTP: HTTPMetadata{ContentType: "text/plain"}, StorageClass: InfrequentAccess}
	u, err := b.CreateUpload(t.Context(), "k", o)
	if err != nil {
		t.Fatal(err)
	}
	first, second, last := pattern(minPartBytes), pattern(2 * minPartBytes)[minPartBytes:], []byte("end")
	made := parts(t, b, *u, first, []byte("replaced"), last)
	replaced, err := b.UploadPart(t.Context(), *u, 2, bytes.NewReader(second), PartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.UploadPart(t.Context(), *u, 9, strings.NewReader("not named"), PartOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := body(t, b, "k"); got != "absent" {
		t.Errorf("an unfinished upload is visible with %d bytes", len(got))
	}
	got, err := b.CompleteUpload(t.Context(), *u, []Part{made[0], *replaced, made[2]})
	if err != nil {
		t.Fatal(err)
	}
	sums := md5.New()
	for _, p := range [][]byte{first, second, last} {
		sum := md5.Sum(p)
		sums.Write(sum[:])
	}
	if want := fmt.Sprintf("%x-3", sums.Sum(nil)); got.ETag != want || got.Checksums.MD5 != nil || got.Size != 2*minPartBytes+3 ||
		got.Custom["a"] != "b" || got.HTTP.ContentType != "text/plain" || got.StorageClass != InfrequentAccess {
		t.Errorf("got %+v, want etag %s", got, want)
	}
	whole := string(slices.Concat(first, second, last))
	if body(t, b, "k") != whole {
		t.Error("the body is not its parts")
	}
	offset, length := int64(minPartBytes-3), int64(minPartBytes+5)
	part, err := b.Get(t.Context(), "k", GetOptions{Range: &RangeRequest{Offset: &offset, Length: &length}})
	if err != nil {
		t.Fatal(err)
	}
	if drain(t, part) != whole[offset:offset+length] {
		t.Error("a range over three parts differs")
	}
	if n := len(blobFiles(b.service)); n != 3 {
		t.Errorf("%d blobs are left, want 3", n)
	}
}

func TestUploadsAreChecked(t *testing.T) {
	b := openOne(t, Options{})
	begin := func(t *testing.T, bodies ...[]byte) (Upload, []Part) {
		u, err := b.CreateUpload(t.Context(), "k", PutOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return *u, parts(t, b, *u, bodies...)
	}
	full, small := pattern(minPartBytes), []byte("small")
	complete := func(t *testing.T, u Upload, parts ...Part) error {
		_, err := b.CompleteUpload(t.Context(), u, parts)
		return err
	}
	for name, tt := range map[string]struct {
		do   func(*testing.T) error
		want Code
	}{
		"one small part is an object":  {func(t *testing.T) error { u, p := begin(t, small); return complete(t, u, p...) }, 0},
		"a last part of the same size": {func(t *testing.T) error { u, p := begin(t, full, full); return complete(t, u, p...) }, 0},
		"a small part before the last": {func(t *testing.T) error { u, p := begin(t, small, full); return complete(t, u, p...) }, CodeEntityTooSmall},
		"a small part, named last":     {func(t *testing.T) error { u, p := begin(t, small, full); return complete(t, u, p[1], p[0]) }, CodeUnequalParts},
		"parts of unequal size": {func(t *testing.T) error {
			u, p := begin(t, pattern(minPartBytes+1), full, small)
			return complete(t, u, p...)
		}, CodeUnequalParts},
		"a last part that is larger": {func(t *testing.T) error { u, p := begin(t, full, pattern(minPartBytes+1)); return complete(t, u, p...) }, CodeUnequalParts},
		"an etag of another part": {func(t *testing.T) error {
			u, p := begin(t, full, []byte("another"))
			p[0].ETag = p[1].ETag
			return complete(t, u, p...)
		}, CodeInvalidPart},
		"a number of no part":          {func(t *testing.T) error { u, p := begin(t, full); p[0].Number = 2; return complete(t, u, p...) }, CodeInvalidPart},
		"a part named twice":           {func(t *testing.T) error { u, p := begin(t, full); return complete(t, u, p[0], p[0]) }, CodeInternal},
		"no part":                      {func(t *testing.T) error { u, _ := begin(t, full); return complete(t, u) }, CodeUnequalParts},
		"an upload of another key":     {func(t *testing.T) error { u, p := begin(t, full); u.Key = "other"; return complete(t, u, p...) }, CodeInternal},
		"an upload that never was":     {func(t *testing.T) error { return complete(t, Upload{"k", "none"}) }, CodeInternal},
		"to abort one that never was":  {func(t *testing.T) error { return b.AbortUpload(t.Context(), Upload{"k", "none"}) }, CodeInternal},
		"a part of one that never was": {func(t *testing.T) error { return part(t, b, Upload{"k", "none"}, 1) }, CodeNoSuchUpload},
		"to complete it a second time": {func(t *testing.T) error { u, p := begin(t, full); complete(t, u, p...); return complete(t, u, p...) }, CodeNoSuchUpload},
		"to complete an aborted one":   {func(t *testing.T) error { u, p := begin(t, full); abort(t, b, u); return complete(t, u, p...) }, CodeNoSuchUpload},
		"to abort a completed one": {func(t *testing.T) error {
			u, p := begin(t, full)
			complete(t, u, p...)
			return b.AbortUpload(t.Context(), u)
		}, 0},
		"to abort it a second time": {func(t *testing.T) error { u, _ := begin(t, full); abort(t, b, u); return b.AbortUpload(t.Context(), u) }, 0},
		"a part of an aborted one":  {func(t *testing.T) error { u, _ := begin(t); abort(t, b, u); return part(t, b, u, 1) }, CodeNoSuchUpload},
		"part number 10000":         {func(t *testing.T) error { u, _ := begin(t); return part(t, b, u, 10_000) }, 0},
		"part number 10001":         {func(t *testing.T) error { u, _ := begin(t); return part(t, b, u, 10_001) }, CodeInvalidArgument},
		"part number 0":             {func(t *testing.T) error { u, _ := begin(t); return part(t, b, u, 0) }, CodeInvalidArgument},
		"metadata of more than it takes": {func(t *testing.T) error {
			_, err := b.CreateUpload(t.Context(), "k", PutOptions{Custom: map[string]string{"a": strings.Repeat("x", 8192)}})
			return err
		}, CodeMetadataTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tt.do(t); code(err) != tt.want || tt.want == 0 && err != nil {
				t.Errorf("got %d %v, want %d", code(err), err, tt.want)
			}
		})
	}
}

func part(t *testing.T, b *Bucket, u Upload, number int) error {
	t.Helper()
	_, err := b.UploadPart(t.Context(), u, number, strings.NewReader("p"), PartOptions{})
	return err
}

func abort(t *testing.T, b *Bucket, u Upload) {
	t.Helper()
	if err := b.AbortUpload(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

func TestAnUnfinishedUploadEndsAfterSevenDays(t *testing.T) {
	c := frozen()
	dir := t.TempDir()
	s := open(t, dir, Options{Clock: c, NoSync: true})
	b, err := s.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	u, err := b.CreateUpload(t.Context(), "k", PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := parts(t, b, *u, []byte("p"))
	c.Advance(7*24*time.Hour - time.Second)
	if err := part(t, b, *u, 2); err != nil {
		t.Errorf("before its time: %v", err)
	}
	c.Advance(time.Second)
	if err := part(t, b, *u, 3); code(err) != CodeNoSuchUpload {
		t.Errorf("a part for it: %v", err)
	}
	if _, err := b.CompleteUpload(t.Context(), *u, p); code(err) != CodeNoSuchUpload {
		t.Errorf("to complete it: %v", err)
	}
	shut(t, s)
	s = open(t, dir, Options{Clock: c, NoSync: true})
	if n := len(blobFiles(s)); n != 0 {
		t.Errorf("%d of its parts are there after Open", n)
	}
}

func TestAPartOfAnUploadThatEndsMeanwhileLeavesNothing(t *testing.T) {
	b := openOne(t, Options{})
	u, err := b.CreateUpload(t.Context(), "k", PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	body := &spy{strings.NewReader("p"), func() { abort(t, b, *u) }}
	if _, err := b.UploadPart(t.Context(), *u, 1, body, PartOptions{}); code(err) != CodeNoSuchUpload {
		t.Errorf("got %v", err)
	}
	if n := len(blobFiles(b.service)); n != 0 {
		t.Errorf("%d blobs left", n)
	}
}

func TestPartsMayComeAtOnce(t *testing.T) {
	b := openOne(t, Options{})
	u, err := b.CreateUpload(t.Context(), "k", PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const n = 8
	made := make(chan Part, n)
	for i := range n {
		go func() {
			p, err := b.UploadPart(t.Context(), *u, i+1, io.LimitReader(zeros{}, minPartBytes), PartOptions{})
			if err != nil {
				t.Error(err)
				p = &Part{}
			}
			made <- *p
		}()
	}
	var all []Part
	for range n {
		all = append(all, <-made)
	}
	o, err := b.CompleteUpload(t.Context(), *u, all)
	if err != nil || o.Size != n*minPartBytes {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestEndedUploadsAreForgottenAfterAWhile(t *testing.T) {
	at, dir := frozen(), t.TempDir()
	s := open(t, dir, Options{Clock: at, NoSync: true})
	b, err := s.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	u, err := b.CreateUpload(t.Context(), "k", PutOptions{})
	if err == nil {
		err = b.AbortUpload(t.Context(), *u)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		after time.Duration
		rows  int
	}{{endedFor - time.Second, 1}, {endedFor, 0}} {
		shut(t, s)
		at.Set(epoch.Add(tt.after))
		s = open(t, dir, Options{Clock: at, NoSync: true})
		if b, err = s.Get(t.Context(), "invoices"); err != nil {
			t.Fatal(err)
		}
		rows := 0
		if err := b.view(func(c content) error { rows = c.uploads.Stats().KeyN; return nil }); err != nil || rows != tt.rows {
			t.Errorf("after %v: %d rows are kept, want %d (%v)", tt.after, rows, tt.rows, err)
		}
	}
}
