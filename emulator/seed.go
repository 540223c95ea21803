package emulator

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"mime"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cfemu/cfemu/kv"
	"github.com/cfemu/cfemu/r2"
)

// SeedError says that a seed file cannot be loaded, and where.
type SeedError struct {
	File string // below the project
	Err  error
}

func (e *SeedError) Error() string { return fmt.Sprintf("seed file %s: %v", e.File, e.Err) }

func (e *SeedError) Unwrap() error { return e.Err }

// A seedFile is a file of the seed folder: d1/<binding>.sql, kv/<binding>.json or r2/<binding>/<key>.
type seedFile struct {
	name    string // below the seed folder, with slashes
	product string
	binding string
	key     string // of r2
	content []byte
	hash    string
}

// metaSuffix ends the name of a file that says what the object beside it carries.
const metaSuffix = ".meta.json"

// seed loads the seed files that this state has not seen. What is skipped, and what has changed
// since it was loaded, is told. Products limits it; nil is all.
func (e *Emulator) seed(ctx context.Context, w *wiring, products []string) error {
	dir := e.seedDir()
	files, err := readSeed(dir)
	if err != nil {
		return err
	}
	var fresh []seedFile
	skipped := 0
	for _, f := range files {
		if products != nil && !slices.Contains(products, f.product) {
			continue
		}
		was, known := e.state.applied.Seed[f.name]
		if !known {
			fresh = append(fresh, f)
			continue
		}
		skipped++
		if was != f.hash {
			e.warn(fmt.Sprintf("seed file %s has changed since it was loaded and is skipped: `cfemu reset --seed` or --reseed loads it anew", e.relative(filepath.Join(dir, f.name))))
		}
	}
	loaded, err := e.loadSeeds(ctx, w, fresh)
	if err != nil {
		return err
	}
	if skipped > 0 && products == nil {
		e.info(fmt.Sprintf("seed: %s loaded before, skipped", count(skipped, "file")))
	}
	if len(loaded) == 0 {
		return nil
	}
	var parts []string
	for _, b := range sortedKeys(loaded) {
		parts = append(parts, fmt.Sprintf("%s (%s)", b, count(loaded[b], "file")))
	}
	if products == nil {
		e.info("seeded " + strings.Join(parts, ", "))
	}
	return e.state.writeApplied()
}

// seedDir is the folder that --seed named, or the one beside the configuration.
func (e *Emulator) seedDir() string {
	if e.opts.Seed == "" {
		return filepath.Join(e.project, SeedDefault)
	}
	return absolute(e.project, e.opts.Seed)
}

// readSeed lists the files of the seed folder: databases first, then keys, then objects.
func readSeed(dir string) ([]seedFile, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("there is no seed folder %s: make it, with d1/<binding>.sql, kv/<binding>.json or r2/<binding>/… in it, or leave --seed away", dir)
	}
	var files []seedFile
	metas := map[string]*seedFile{}
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := seedFileOf(p)
		if err != nil || f == nil {
			return err
		}
		if f.content, err = fs.ReadFile(root, p); err != nil {
			return err
		}
		f.hash = hashOf(f.content)
		if f.product == "r2" && strings.HasSuffix(p, metaSuffix) {
			metas[strings.TrimSuffix(p, metaSuffix)] = f
			return nil
		}
		files = append(files, *f)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range files {
		if m := metas[files[i].name]; m != nil { // the object is new when what it carries is
			files[i].hash = hashOf([]byte(files[i].hash + m.hash))
			delete(metas, files[i].name)
		}
	}
	for _, name := range sortedKeys(metas) {
		return nil, &SeedError{name + metaSuffix, fmt.Errorf("there is no file %s beside it", path.Base(name))}
	}
	return files, nil
}

// seedFileOf understands a path below the seed folder; nil for the folder's own notes and scripts.
func seedFileOf(p string) (*seedFile, error) {
	parts := strings.SplitN(p, "/", 3)
	if len(parts) == 1 || strings.HasPrefix(path.Base(p), ".") {
		return nil, nil
	}
	f := &seedFile{name: p, product: parts[0], binding: parts[1]}
	want := map[string]string{"d1": ".sql", "kv": ".json"}[f.product]
	switch {
	case f.product == "r2" && len(parts) == 3:
		f.key = parts[2]
		return f, nil
	case want != "" && len(parts) == 2 && path.Ext(f.binding) == want:
		f.binding = strings.TrimSuffix(f.binding, want)
		return f, nil
	}
	return nil, &SeedError{p, errors.New("its place says nothing to cfemu: expected d1/<binding>.sql, kv/<binding>.json or r2/<binding>/<key>")}
}

// seedWriters is how many objects are written at the same time: they share flushes of the disk.
const seedWriters = 16

// loadSeeds loads files in order, objects side by side, and counts them by product and binding. The
// error is that of the first file that failed; what was loaded is noted all the same.
func (e *Emulator) loadSeeds(ctx context.Context, w *wiring, files []seedFile) (map[string]int, error) {
	errs := make([]error, len(files))
	var objects sync.WaitGroup
	free := make(chan struct{}, seedWriters)
	for i, f := range files {
		if f.product != "r2" {
			if errs[i] = e.loadSeed(ctx, w, f); errs[i] != nil {
				break // the loop below stops here too
			}
			continue
		}
		free <- struct{}{}
		objects.Go(func() {
			errs[i] = e.loadSeed(ctx, w, f)
			<-free
		})
	}
	objects.Wait()
	loaded := map[string]int{}
	for i, f := range files {
		if errs[i] != nil {
			return nil, errors.Join(&SeedError{e.relative(filepath.Join(e.seedDir(), filepath.FromSlash(f.name))), errs[i]}, e.state.writeApplied())
		}
		e.state.applied.Seed[f.name] = f.hash
		loaded[f.product+"/"+f.binding]++
	}
	return loaded, nil
}

func (e *Emulator) loadSeed(ctx context.Context, w *wiring, f seedFile) error {
	switch f.product {
	case "d1":
		db, ok := w.databases[f.binding]
		if !ok {
			return noBinding("D1 database", f.binding, sortedKeys(w.databases))
		}
		_, err := db.Import(ctx, bytes.NewReader(f.content))
		return err
	case "kv":
		ns, ok := w.spaces[f.binding]
		if !ok {
			return noBinding("KV namespace", f.binding, sortedKeys(w.spaces))
		}
		return seedKV(ctx, ns, f.content)
	}
	bucket, ok := w.buckets[f.binding]
	if !ok {
		return noBinding("R2 bucket", f.binding, sortedKeys(w.buckets))
	}
	return e.seedR2(ctx, bucket, f)
}

func noBinding(what, name string, have []string) error {
	if len(have) == 0 {
		return fmt.Errorf("the configuration has no %s binding at all", what)
	}
	return fmt.Errorf("the configuration has no %s binding %q: there is %s", what, name, strings.Join(have, ", "))
}

// seedKV loads a file in the format of `wrangler kv bulk put`.
func seedKV(ctx context.Context, ns *kv.Namespace, content []byte) error {
	var rows []struct {
		Key           string          `json:"key"`
		Value         string          `json:"value"`
		Base64        bool            `json:"base64"`
		Expiration    int64           `json:"expiration"`
		ExpirationTTL int64           `json:"expiration_ttl"`
		Metadata      json.RawMessage `json:"metadata"`
	}
	if err := json.Unmarshal(content, &rows); err != nil {
		return atOffset(content, err)
	}
	for i, row := range rows {
		value := []byte(row.Value)
		if row.Base64 {
			var err error
			if value, err = base64.StdEncoding.DecodeString(row.Value); err != nil {
				return fmt.Errorf("entry %d (key %q): value is not base64: %w", i+1, row.Key, err)
			}
		}
		o := kv.PutOptions{TTL: time.Duration(row.ExpirationTTL) * time.Second, Metadata: row.Metadata}
		if row.Expiration != 0 {
			o.Expiration = time.Unix(row.Expiration, 0)
		}
		if err := ns.Put(ctx, row.Key, bytes.NewReader(value), o); err != nil {
			return fmt.Errorf("entry %d (key %q): %w", i+1, row.Key, err)
		}
	}
	return nil
}

// atOffset adds line and column to an error of encoding/json.
func atOffset(content []byte, err error) error {
	offset := int64(-1)
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = s.Offset
	} else if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = t.Offset
	}
	if offset < 0 || offset > int64(len(content)) {
		return err
	}
	before := content[:offset]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("line %d, column %d: %w. Expected what `wrangler kv bulk put` takes: [{\"key\":\"…\",\"value\":\"…\"}]", line, max(1, column-1), err)
}

// seedR2 stores a file as the object of its name. NAME.meta.json beside it says what it carries.
func (e *Emulator) seedR2(ctx context.Context, bucket *r2.Bucket, f seedFile) error {
	var meta struct {
		HTTPMetadata   r2.HTTPMetadata   `json:"httpMetadata"`
		CustomMetadata map[string]string `json:"customMetadata"`
		StorageClass   string            `json:"storageClass"`
	}
	b, err := os.ReadFile(filepath.Join(e.seedDir(), filepath.FromSlash(f.name)+metaSuffix))
	switch {
	case err == nil:
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&meta); err != nil {
			return fmt.Errorf("%s: %w", path.Base(f.name)+metaSuffix, atOffset(b, err))
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if meta.HTTPMetadata.ContentType == "" {
		meta.HTTPMetadata.ContentType = contentType(f.key)
	}
	_, err = bucket.Put(ctx, f.key, bytes.NewReader(f.content), r2.PutOptions{
		HTTP: meta.HTTPMetadata, Custom: meta.CustomMetadata, StorageClass: meta.StorageClass,
	})
	return err
}

// contentTypes are for the extensions that machines disagree about, or do not know.
var contentTypes = map[string]string{
	".csv": "text/csv", ".txt": "text/plain", ".md": "text/markdown", ".json": "application/json", ".xml": "application/xml",
	".pdf": "application/pdf", ".zip": "application/zip", ".mp4": "video/mp4", ".mp3": "audio/mpeg", ".ico": "image/x-icon",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

func contentType(key string) string {
	ext := strings.ToLower(path.Ext(key))
	if t, ok := contentTypes[ext]; ok {
		return t
	}
	return mime.TypeByExtension(ext)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
