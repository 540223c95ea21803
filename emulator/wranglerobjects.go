package emulator

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cfemu/cfemu/r2"
)

// objectsIn writes the records of a bucket's database.
//
// Receipt: the tables of Miniflare 5.20261117.0.
func objectsIn(ctx context.Context, db *sql.DB, blobs *blobFolder, w io.Writer) error {
	rows, err := db.QueryContext(ctx, "SELECT key, blob_id, version, size, etag, uploaded, checksums, http_metadata, custom_metadata FROM _mf_objects ORDER BY key")
	if err != nil {
		return unknownLayout(err)
	}
	defer rows.Close()
	for rows.Next() {
		var head recordHead
		var blob sql.NullString // none: the object is made of parts
		var checksums, httpMetadata, custom []byte
		if err := rows.Scan(&head.Key, &blob, &head.Version, &head.Size, &head.ETag, &head.Uploaded, &checksums, &httpMetadata, &custom); err != nil {
			return unknownLayout(err)
		}
		if err := writeObject(ctx, db, blobs, w, head, blob, checksums, httpMetadata, custom); err != nil {
			return fmt.Errorf("object %q: %w", head.Key, err)
		}
	}
	return rows.Err()
}

func writeObject(ctx context.Context, db *sql.DB, blobs *blobFolder, w io.Writer, head recordHead, blob sql.NullString, checksums, httpMetadata, custom []byte) (err error) {
	if head.Checksums, err = checksumsOf(checksums); err != nil {
		return err
	}
	if head.HTTP, err = httpMetadataOf(httpMetadata); err != nil {
		return err
	}
	if err := json.Unmarshal(custom, &head.Custom); err != nil {
		return fmt.Errorf("its custom metadata: %w", err)
	}
	body := &blobsReader{folder: blobs, rest: []string{blob.String}}
	if !blob.Valid {
		if head.Parts, body.rest, err = partsOf(ctx, db, head.Key); err != nil {
			return err
		}
	}
	err = writeRecord(w, record{head, body})
	return errors.Join(err, body.Close())
}

// partsOf returns the sizes and the blobs of a multipart object's parts.
func partsOf(ctx context.Context, db *sql.DB, key string) (sizes []int64, blobs []string, err error) {
	rows, err := db.QueryContext(ctx, "SELECT size, blob_id FROM _mf_multipart_parts WHERE object_key = ? ORDER BY part_number", key)
	if err != nil {
		return nil, nil, unknownLayout(err)
	}
	defer rows.Close()
	for rows.Next() {
		var size int64
		var blob string
		if err := rows.Scan(&size, &blob); err != nil {
			return nil, nil, unknownLayout(err)
		}
		sizes, blobs = append(sizes, size), append(blobs, blob)
	}
	return sizes, blobs, rows.Err()
}

// unfinishedIn returns the keys of uploads that were begun and not ended, each once an upload.
func unfinishedIn(ctx context.Context, db *sql.DB) (keys []string, err error) {
	rows, err := db.QueryContext(ctx, "SELECT key FROM _mf_multipart_uploads WHERE state = 0 ORDER BY key")
	if err != nil {
		return nil, unknownLayout(err)
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, unknownLayout(err)
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}

// checksumsOf reads checksums as Miniflare stores them: by name, in hexadecimal.
func checksumsOf(text []byte) (r2.Checksums, error) {
	var given struct{ MD5, SHA1, SHA256, SHA384, SHA512 string }
	if err := json.Unmarshal(text, &given); err != nil {
		return r2.Checksums{}, fmt.Errorf("its checksums: %w", err)
	}
	var sums r2.Checksums
	var errs []error
	for _, one := range []struct {
		from string
		to   *[]byte
	}{
		{given.MD5, &sums.MD5}, {given.SHA1, &sums.SHA1}, {given.SHA256, &sums.SHA256}, {given.SHA384, &sums.SHA384}, {given.SHA512, &sums.SHA512},
	} {
		b, err := hex.DecodeString(one.from)
		errs = append(errs, err)
		*one.to = b
	}
	return sums, errors.Join(errs...)
}

// httpMetadataOf reads the headers of an object as Miniflare stores them.
func httpMetadataOf(text []byte) (r2.HTTPMetadata, error) {
	var given struct {
		ContentType, ContentLanguage, ContentDisposition, ContentEncoding, CacheControl string

		CacheExpiry json.Number // Unix milliseconds
	}
	if err := json.Unmarshal(text, &given); err != nil {
		return r2.HTTPMetadata{}, fmt.Errorf("its HTTP metadata: %w", err)
	}
	m := r2.HTTPMetadata{
		ContentType: given.ContentType, ContentLanguage: given.ContentLanguage, ContentDisposition: given.ContentDisposition,
		ContentEncoding: given.ContentEncoding, CacheControl: given.CacheControl,
	}
	if given.CacheExpiry != "" {
		ms, err := given.CacheExpiry.Int64()
		if err != nil {
			return m, fmt.Errorf("when its cache expires: %w", err)
		}
		m.CacheExpiry = time.UnixMilli(ms).UTC()
	}
	return m, nil
}
