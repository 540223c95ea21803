package r2

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cfemu/cfemu/internal/boltfile"
	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
	bolt "go.etcd.io/bbolt"
)

// Options are what a Service needs of the world around it. The zero value works.
type Options struct {
	Clock  clock.Clock  // nil: clock.System
	Probe  *probe.Probe // nil: none
	Logger *slog.Logger // nil: discard
	NoSync bool         // nothing is flushed: for state that nobody will miss after a power cut

	Account  string   // the account's id, as event notifications tell it
	Notifier Notifier // the queues that event notifications go to; nil: there are none
}

// A Service holds the buckets of one account.
type Service struct {
	index *index
	blobs *blobs
	clock clock.Clock
	probe *probe.Probe
	log   *slog.Logger
	ids   *ids
	sweep sweep

	account  string
	notifier Notifier
	outbox   outbox
	aging    aging
}

// Open opens the buckets kept in dir, which is made when it is missing.
func Open(dir string, opts Options) (*Service, error) {
	s := &Service{
		clock: clock.Or(opts.Clock), probe: opts.Probe, log: opts.Logger, ids: &ids{rand.Reader},
		account: opts.Account, notifier: opts.Notifier, outbox: outbox{woken: make(chan struct{}, 1)}, aging: aging{woken: make(chan struct{}, 1)},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	if s.blobs, err = openBlobs(dir, opts.NoSync, s.log, s.ids); err != nil {
		return nil, boltfile.Explain(dir, err)
	}
	if err := s.blobs.checkIndex(filepath.Join(dir, "index.db")); err != nil {
		return nil, err
	}
	if s.index, err = openIndex(dir, opts.NoSync); err != nil {
		return nil, err
	}
	if err := errors.Join(s.index.dropIncoming(), s.endOldUploads()); err != nil {
		return nil, errors.Join(fmt.Errorf("end what was left unfinished: %w", err), s.index.db.Close())
	}
	if err := s.recover(); err != nil {
		return nil, errors.Join(err, s.index.db.Close())
	}
	return s, nil
}

// Start lets happen what happens by itself: lifecycle rules, and the delivery of event notifications. The
// Notifier must be ready. stop ends both and waits for what is under way; it must be called before Close.
func (s *Service) Start() (stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.sendEvents(ctx) })
	running.Go(func() { s.keepAging(ctx) })
	return func() {
		cancel(errors.New("r2 has stopped"))
		running.Wait()
	}
}

// Close waits for what the index is doing and closes it. Nothing may be called after it.
func (s *Service) Close() error {
	s.sweep.stop()
	<-s.sweep.done
	if err := s.index.db.Close(); err != nil {
		return err
	}
	return s.blobs.end()
}

// BucketOptions are what can be said of a bucket beside its name.
type BucketOptions struct {
	StorageClass string // of objects that are put without one; empty: Standard
	Jurisdiction string // where its objects must stay: eu or fedramp; empty: anywhere
	LocationHint string // one of Locations; empty: WEUR. Only the first bucket of a name lies where its hint says
}

// Create makes a bucket. Names are unique.
func (s *Service) Create(ctx context.Context, name string) (*Bucket, error) {
	return s.CreateWith(ctx, name, BucketOptions{})
}

// CreateWith makes a bucket with options.
func (s *Service) CreateWith(ctx context.Context, name string, o BucketOptions) (_ *Bucket, err error) {
	span, err := s.begin(ctx, "create_bucket", name)
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	span.Count(classA, 1)
	return s.create(name, o, false)
}

// Ensure returns the bucket with the name, or a new one.
func (s *Service) Ensure(ctx context.Context, name string) (*Bucket, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	row, err := s.index.bucket(name)
	if err != nil {
		return nil, err
	}
	if row != nil {
		return s.bucket(*row), nil
	}
	return s.create(name, BucketOptions{}, true)
}

func (s *Service) create(name string, o BucketOptions, existing bool) (*Bucket, error) {
	if !validBucketName(name) {
		return nil, newError(CodeInvalidBucketName)
	}
	if o.StorageClass == "" {
		o.StorageClass = Standard
	}
	if err := checkStorageClass(o.StorageClass); err != nil {
		return nil, err
	}
	if o.Jurisdiction != "" && !slices.Contains(jurisdictions, o.Jurisdiction) {
		return nil, invalid("The jurisdiction you specified is not valid: it is one of default, %s.", strings.Join(jurisdictions, ", "))
	}
	if o.LocationHint = cmp.Or(strings.ToUpper(o.LocationHint), defaultLocation); !slices.Contains(Locations, o.LocationHint) {
		return nil, invalid("The location hint you specified is not valid: it is one of %s.", strings.ToLower(strings.Join(Locations, ", ")))
	}
	made := bucketRow{
		Name: name, Created: s.clock.Now().UTC().Truncate(time.Millisecond),
		Location: o.LocationHint, StorageClass: o.StorageClass, Jurisdiction: o.Jurisdiction,
	}
	var refusal error
	err := s.index.commit.Do(func(tx *bolt.Tx) error {
		row, err := getRow[bucketRow](tx.Bucket(topBuckets), []byte(name))
		if err != nil {
			return err
		}
		switch {
		case row != nil && existing:
			made = *row
		case row != nil:
			refusal = newError(CodeBucketExists)
		case tx.Bucket(topBuckets).Inspect().KeyN >= maxBuckets:
			refusal = newError(CodeTooManyBuckets)
		default:
			if before := tx.Bucket(topPlaces).Get([]byte(name)); before != nil {
				made.Location = string(before)
			}
			return createBucket(tx, made)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("create bucket %s: %w", name, err)
	}
	if refusal != nil {
		return nil, refusal
	}
	return s.bucket(made), nil
}

// Locations are the places that a hint can name, as a bucket's Location has them. There is one place
// here: they are kept and shown.
//
// Receipt: https://developers.cloudflare.com/r2/reference/data-location/#available-hints, which says too
// that a bucket that is made again lies where the first of its name did
var Locations = []string{"WNAM", "ENAM", "WEUR", "EEUR", "APAC", "OC"}

const defaultLocation = "WEUR"

// jurisdictions are those that a bucket can be bound to.
//
// Receipt: https://developers.cloudflare.com/r2/reference/data-location/#available-jurisdictions
//
// Deviation: a bucket's name is taken in all jurisdictions, and its binding and the S3 API find it without
// a word of its jurisdiction. client/v4 finds it under its own only, as in production.
var jurisdictions = []string{"eu", "fedramp"}

// SetStorageClass changes the class of objects that are put without one from now on.
func (s *Service) SetStorageClass(ctx context.Context, name, class string) (*Bucket, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if err := checkStorageClass(class); err != nil {
		return nil, err
	}
	var made bucketRow
	var refusal error
	err := s.index.commit.Do(func(tx *bolt.Tx) error {
		row, err := getRow[bucketRow](tx.Bucket(topBuckets), []byte(name))
		if err != nil {
			return err
		}
		if row == nil {
			refusal = newError(CodeNoSuchBucket)
			return nil
		}
		row.StorageClass = class
		made = *row
		return putRow(tx.Bucket(topBuckets), []byte(name), made)
	})
	if err != nil {
		return nil, fmt.Errorf("change bucket %s: %w", name, err)
	}
	if refusal != nil {
		return nil, refusal
	}
	return s.bucket(made), nil
}

// validBucketName reports whether name has 3 to 63 lower-case letters, digits and hyphens, and no
// hyphen at either end.
func validBucketName(name string) bool {
	if len(name) < 3 || len(name) > 63 || name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return true
}

// List returns all buckets in the order of their names.
func (s *Service) List(ctx context.Context) (_ []*Bucket, err error) {
	span, err := s.begin(ctx, "list_buckets", "")
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	span.Count(classA, 1)
	rows, err := s.index.buckets()
	if err != nil {
		return nil, err
	}
	all := make([]*Bucket, len(rows))
	for i, row := range rows {
		all[i] = s.bucket(row)
	}
	return all, nil
}

// Get returns a bucket by its name.
func (s *Service) Get(ctx context.Context, name string) (*Bucket, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	row, err := s.index.bucket(name)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, newError(CodeNoSuchBucket)
	}
	return s.bucket(*row), nil
}

// Delete removes a bucket, which must be empty. Unfinished uploads go with it.
func (s *Service) Delete(ctx context.Context, name string) (err error) {
	span, err := s.begin(ctx, "delete_bucket", name)
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()

	var refusal error
	var gone []blobRef
	err = s.index.commit.Do(func(tx *bolt.Tx) error {
		c, ok := contentIn(tx, name)
		if !ok {
			refusal = newError(CodeNoSuchBucket)
			return nil
		}
		if k, _ := c.objects.Cursor().First(); k != nil {
			refusal = newError(CodeBucketNotEmpty)
			return nil
		}
		if err := c.blobs(func(name string) { gone = append(gone, blobRef{Name: name}) }); err != nil {
			return err
		}
		row, err := getRow[bucketRow](tx.Bucket(topBuckets), []byte(name))
		if err != nil {
			return err
		}
		if err := tx.Bucket(topBuckets).Delete([]byte(name)); err != nil {
			return err
		}
		return errors.Join(tx.Bucket(topPlaces).Put([]byte(name), []byte(row.Location)), forgetDomains(c), deleteSettings(tx, name), deleteContent(tx, name))
	})
	if err != nil {
		return fmt.Errorf("delete bucket %s: %w", name, err)
	}
	s.blobs.remove(gone)
	return refusal
}

// Reset removes every object and every unfinished upload, and the events that no queue has yet; one that is
// being delivered comes all the same, unless HoldEvents keeps it. The buckets stay with their settings, and
// so do their wires.
func (s *Service) Reset(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	var gone []blobRef
	err := s.index.commit.Do(func(tx *bolt.Tx) error {
		rows, err := bucketsIn(tx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			c, _ := contentIn(tx, row.Name)
			if err := c.blobs(func(name string) { gone = append(gone, blobRef{Name: name}) }); err != nil {
				return err
			}
			if err := errors.Join(deleteContent(tx, row.Name), createContent(tx, row.Name)); err != nil {
				return err
			}
		}
		return emptyOutbox(tx)
	})
	if err != nil {
		return fmt.Errorf("reset r2: %w", err)
	}
	s.blobs.remove(gone)
	return nil
}

func (s *Service) begin(ctx context.Context, verb, resource string) (*probe.Span, error) {
	span, err := s.probe.Begin(ctx, probe.Op{Product: "r2", Name: verb, Resource: resource})
	if err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		span.End(err)
		return nil, err
	}
	return span, nil
}

func (s *Service) bucket(row bucketRow) *Bucket {
	return &Bucket{Name: row.Name, Created: row.Created, Location: row.Location, StorageClass: row.StorageClass,
		Jurisdiction: row.Jurisdiction, service: s}
}
