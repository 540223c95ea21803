package r2

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/cfemu/cfemu/internal/boltfile"
	"github.com/cfemu/cfemu/internal/groupcommit"
)

// The layout of index.db. Buckets are kept under their name in topBuckets, and each has a bucket
// under its name in the three others, with
//
//	objects  key → objectRow
//	uploads  upload id → uploadRow
//	parts    upload id, 0, part number → partRow
//
// Beside these are
//
//	settings  a bucket under each bucket's name, made by its first setting: setting → its JSON
//	domains   host name → name of the bucket whose objects it shows
//	outbox    queue id, 0, number → eventRow, until the queue has it
//	places    name of a bucket that was deleted → where it lay, for the next one of that name
var (
	topBuckets  = []byte("buckets")
	topObjects  = []byte("objects")
	topUploads  = []byte("uploads")
	topParts    = []byte("parts")
	topSettings = []byte("settings")
	topDomains  = []byte("domains")
	topOutbox   = []byte("outbox")
	topPlaces   = []byte("places")
)

// A setting is what a bucket has beside its objects, and the key it is kept under.
type setting string

const (
	settingCORS          setting = "cors"
	settingLifecycle     setting = "lifecycle"
	settingLock          setting = "lock"
	settingNotifications setting = "notifications"
	settingDomains       setting = "domains"
)

// A bucketRow is what is kept of a bucket itself.
type bucketRow struct {
	Name         string    `json:"name"`
	Created      time.Time `json:"created"`
	Location     string    `json:"location"`
	StorageClass string    `json:"storageClass"`
	Jurisdiction string    `json:"jurisdiction,omitempty"` // empty: the default one
}

// An objectRow is what is kept under a key.
type objectRow struct {
	Version      string            `json:"version"`
	Size         int64             `json:"size"`
	ETag         string            `json:"etag"`
	Uploaded     int64             `json:"uploaded"` // Unix milliseconds
	HTTP         HTTPMetadata      `json:"http,omitzero"`
	Custom       map[string]string `json:"custom,omitempty"`
	Checksums    Checksums         `json:"checksums,omitzero"`
	StorageClass string            `json:"storageClass"`
	Blobs        []blobRef         `json:"blobs,omitempty"`
	Composite    Checksums         `json:"composite,omitzero"`

	// small is the body when it is in the row itself, behind the JSON; there are no blobs then. nil
	// otherwise, and in a row that was read for what it says only.
	small []byte
}

// maxSmallBytes is the longest body that is kept in the index itself. One flush makes the object and
// its body durable, and the file system is spared a file for each.
const maxSmallBytes = 4 << 10

func (r *objectRow) object(key string) *Object {
	return &Object{
		Key: key, Version: r.Version, Size: r.Size, ETag: r.ETag, Uploaded: time.UnixMilli(r.Uploaded),
		HTTP: r.HTTP, Custom: r.Custom, Checksums: r.Checksums, StorageClass: r.StorageClass,
		Composite: r.Composite, Parts: len(r.Blobs),
	}
}

// A blobRef names a blob that is part of an object.
type blobRef struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// The index is the file that says what there is.
type index struct {
	db     *bolt.DB
	commit groupcommit.Committer
}

// view reads. An error of the file or its disk is a *boltfile.Trouble.
func (x *index) view(read func(*bolt.Tx) error) error { return boltfile.View(x.db, read) }

func openIndex(dir string, noSync bool) (*index, error) {
	path := filepath.Join(dir, "index.db")
	x := &index{}
	_, err := boltfile.Open(path, noSync, func(db *bolt.DB) error {
		x.db, x.commit.DB = db, db
		return x.init()
	})
	if err != nil {
		return nil, boltfile.Explain(path, fmt.Errorf("open: %w", err))
	}
	return x, nil
}

// init makes the top buckets that are missing. There are none but in a new file, so that a start costs no
// flush.
func (x *index) init() error {
	tops := [][]byte{topBuckets, topObjects, topUploads, topParts, topSettings, topDomains, topOutbox, topPlaces}
	ready := true
	err := x.db.View(func(tx *bolt.Tx) error {
		for _, name := range tops {
			ready = ready && tx.Bucket(name) != nil
		}
		return nil
	})
	if err != nil || ready {
		return err
	}
	return x.db.Update(func(tx *bolt.Tx) error {
		for _, name := range tops {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
}

// A row is anything that is kept as JSON under a key. An object's small body follows a line break,
// which our JSON does not have.
func getRow[T any](b *bolt.Bucket, key []byte) (*T, error) {
	v := b.Get(key)
	if v == nil {
		return nil, nil
	}
	row := new(T)
	if err := readRow(v, row); err != nil {
		return nil, fmt.Errorf("read row %q: %w", key, err)
	}
	if o, ok := any(row).(*objectRow); ok {
		if _, small, found := bytes.Cut(v, lineBreak); found {
			o.small = bytes.Clone(small)
		}
	}
	return row, nil
}

var lineBreak = []byte{'\n'}

// readRow reads what a row says, without a small body.
func readRow(v []byte, row any) error {
	text, _, _ := bytes.Cut(v, lineBreak)
	return json.Unmarshal(text, row)
}

func putRow(b *bolt.Bucket, key []byte, row any) error {
	v, err := json.Marshal(row)
	if err != nil {
		return err
	}
	if o, ok := row.(*objectRow); ok && o.small != nil {
		v = append(append(v, lineBreak...), o.small...)
	}
	return b.Put(key, v)
}

func (x *index) bucket(name string) (row *bucketRow, err error) {
	err = x.view(func(tx *bolt.Tx) error {
		row, err = getRow[bucketRow](tx.Bucket(topBuckets), []byte(name))
		return err
	})
	return row, err
}

// buckets returns all buckets in the order of their names.
func (x *index) buckets() (rows []bucketRow, err error) {
	err = x.view(func(tx *bolt.Tx) error {
		rows, err = bucketsIn(tx)
		return err
	})
	return rows, err
}

func bucketsIn(tx *bolt.Tx) (rows []bucketRow, err error) {
	err = tx.Bucket(topBuckets).ForEach(func(k, v []byte) error {
		var row bucketRow
		if err := json.Unmarshal(v, &row); err != nil {
			return fmt.Errorf("read bucket %q: %w", k, err)
		}
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

func createBucket(tx *bolt.Tx, row bucketRow) error {
	if err := putRow(tx.Bucket(topBuckets), []byte(row.Name), row); err != nil {
		return err
	}
	return createContent(tx, row.Name)
}

func createContent(tx *bolt.Tx, name string) error {
	for _, top := range [][]byte{topObjects, topUploads, topParts} {
		if _, err := tx.Bucket(top).CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	return nil
}

func deleteContent(tx *bolt.Tx, name string) error {
	for _, top := range [][]byte{topObjects, topUploads, topParts} {
		if err := tx.Bucket(top).DeleteBucket([]byte(name)); err != nil {
			return err
		}
	}
	return nil
}

// content is what is in one bucket, within a transaction.
type content struct {
	objects, uploads, parts *bolt.Bucket
	name                    string
	told                    func() // called once an event has been committed; nil: nobody waits for one
}

// contentIn returns the content of a bucket, and false when there is no such bucket.
func contentIn(tx *bolt.Tx, name string) (content, bool) {
	n := []byte(name)
	c := content{tx.Bucket(topObjects).Bucket(n), tx.Bucket(topUploads).Bucket(n), tx.Bucket(topParts).Bucket(n), name, nil}
	return c, c.objects != nil
}

// getSetting returns a setting of the bucket, nil when it was never set.
func getSetting[T any](c content, of setting) (*T, error) {
	all := c.objects.Tx().Bucket(topSettings).Bucket([]byte(c.name))
	if all == nil {
		return nil, nil
	}
	return getRow[T](all, []byte(of))
}

// putSetting stores a setting of the bucket; a nil value forgets it.
func putSetting(c content, of setting, value any) error {
	all, err := c.objects.Tx().Bucket(topSettings).CreateBucketIfNotExists([]byte(c.name))
	if err != nil {
		return err
	}
	if value == nil {
		return all.Delete([]byte(of))
	}
	return putRow(all, []byte(of), value)
}

// deleteSettings forgets all settings of a bucket.
func deleteSettings(tx *bolt.Tx, name string) error {
	err := tx.Bucket(topSettings).DeleteBucket([]byte(name))
	if errors.Is(err, berrors.ErrBucketNotFound) {
		return nil
	}
	return err
}

// blobs calls f with the name of every blob that the content refers to.
func (c content) blobs(f func(name string)) error {
	err := c.objects.ForEach(func(k, v []byte) error {
		var row struct {
			Blobs []blobRef `json:"blobs"`
		}
		if err := readRow(v, &row); err != nil {
			return fmt.Errorf("read object %q: %w", k, err)
		}
		for _, b := range row.Blobs {
			f(b.Name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.parts.ForEach(func(k, v []byte) error {
		var row partRow
		if err := json.Unmarshal(v, &row); err != nil {
			return fmt.Errorf("read part %q: %w", k, err)
		}
		f(row.Blob.Name)
		return nil
	})
}

// A change is why an object is stored or removed: what event notifications tell, and locks forbid.
type change struct {
	action Action
	at     time.Time
	source *CopySource // of ActionCopyObject
}

// put stores row under key and returns the blobs of what was there before. That was locked when the error
// is an *Error; nothing has changed then.
func (c content) put(key string, row *objectRow, why change) (old []blobRef, err error) {
	before, err := getRow[objectRow](c.objects, []byte(key))
	if err != nil {
		return nil, err
	}
	if before != nil {
		if err := c.checkLock(key, before, why.at); err != nil {
			return nil, err
		}
		old = before.Blobs
	}
	if err := putRow(c.objects, []byte(key), row); err != nil {
		return nil, err
	}
	return old, c.tell(key, row, why)
}

// delete removes key, which must not be locked, and returns the blobs of what was there.
func (c content) delete(key string, why change) (old []blobRef, err error) {
	before, err := getRow[objectRow](c.objects, []byte(key))
	if err != nil || before == nil {
		return nil, err
	}
	if err := c.objects.Delete([]byte(key)); err != nil {
		return nil, err
	}
	return before.Blobs, c.tell(key, nil, why)
}

// An uploadRow is a multipart upload. One that has ended is kept, since whoever names it again must
// be told otherwise than for one that never was.
type uploadRow struct {
	Key          string            `json:"key"`
	Created      int64             `json:"created"` // Unix milliseconds
	Ended        bool              `json:"ended,omitempty"`
	HTTP         HTTPMetadata      `json:"http,omitzero"`
	Custom       map[string]string `json:"custom,omitempty"`
	StorageClass string            `json:"storageClass"`
}

// A partRow is an uploaded part.
type partRow struct {
	ETag      string    `json:"etag"`
	Checksums Checksums `json:"checksums"`
	Uploaded  int64     `json:"uploaded"` // Unix milliseconds
	Blob      blobRef   `json:"blob"`
}

func (r *partRow) part(number int) *Part {
	return &Part{Number: number, ETag: r.ETag, Size: r.Blob.Size, Uploaded: time.UnixMilli(r.Uploaded), Checksums: r.Checksums}
}

func partKey(upload string, number int) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(upload), 0), uint32(number))
}

// upload returns an upload by its id and the key it is for, nil when there is none.
func (c content) upload(id, key string) (*uploadRow, error) {
	row, err := getRow[uploadRow](c.uploads, []byte(id))
	if row != nil && row.Key != key {
		row = nil
	}
	return row, err
}

// takeParts removes all parts of an upload and returns them by their numbers.
func (c content) takeParts(upload string) (map[int]partRow, error) {
	parts := map[int]partRow{}
	prefix := append([]byte(upload), 0)
	cur := c.parts.Cursor()
	for k, v := cur.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = cur.Next() {
		var row partRow
		if err := json.Unmarshal(v, &row); err != nil {
			return nil, fmt.Errorf("read part: %w", err)
		}
		parts[int(binary.BigEndian.Uint32(k[len(prefix):]))] = row
	}
	for number := range parts {
		if err := c.parts.Delete(partKey(upload, number)); err != nil {
			return nil, err
		}
	}
	return parts, nil
}
