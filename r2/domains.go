package r2

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// A ManagedDomain is the r2.dev name of a bucket, which shows its objects to everybody once it is enabled.
type ManagedDomain struct {
	BucketID string `json:"bucketId"`
	Domain   string `json:"domain"`
	Enabled  bool   `json:"enabled"`
}

// A CustomDomain is a name of the user's own that shows the objects of a bucket.
type CustomDomain struct {
	Domain   string   `json:"domain"`
	Enabled  bool     `json:"enabled"`
	ZoneID   string   `json:"zoneId,omitempty"`
	ZoneName string   `json:"zoneName,omitempty"`
	MinTLS   string   `json:"minTLS,omitempty"`
	Ciphers  []string `json:"ciphers,omitempty"`
}

// domains are all names of a bucket, as they are kept.
type domains struct {
	Managed bool           `json:"managed,omitempty"`
	Custom  []CustomDomain `json:"custom,omitempty"`
}

func (c content) domains() (domains, error) {
	set, err := getSetting[domains](c, settingDomains)
	if err != nil || set == nil {
		return domains{}, err
	}
	return *set, nil
}

func (d *domains) custom(name string) *CustomDomain {
	for i := range d.Custom {
		if d.Custom[i].Domain == name {
			return &d.Custom[i]
		}
	}
	return nil
}

// managed returns the bucket's r2.dev name. It follows from the bucket's, so that it stays the same when
// state is made anew, as in a test.
func (b *Bucket) managed(enabled bool) ManagedDomain {
	sum := sha256.Sum256([]byte("r2.dev\n" + b.service.account + "\n" + b.Name))
	id := hex.EncodeToString(sum[:16])
	return ManagedDomain{BucketID: id, Domain: "pub-" + id + ".r2.dev", Enabled: enabled}
}

// ManagedDomain returns the r2.dev name of the bucket.
func (b *Bucket) ManagedDomain(ctx context.Context) (ManagedDomain, error) {
	d, err := readSetting(ctx, b, "get_managed_domain", content.domains)
	return b.managed(d.Managed), err
}

// SetManagedDomain enables the r2.dev name of the bucket, or disables it.
func (b *Bucket) SetManagedDomain(ctx context.Context, enabled bool) (ManagedDomain, error) {
	m := b.managed(enabled)
	err := b.changeSetting(ctx, "put_managed_domain", func(c content) error {
		d, err := c.domains()
		if err != nil {
			return err
		}
		d.Managed = enabled
		return c.putDomains(d, m.Domain)
	})
	return m, err
}

// putDomains stores the names of the bucket, and that it is meant by one of them.
func (c content) putDomains(d domains, name string) error {
	if err := c.objects.Tx().Bucket(topDomains).Put([]byte(name), []byte(c.name)); err != nil {
		return err
	}
	return putSetting(c, settingDomains, d)
}

// CustomDomains lists the bucket's custom domains in the order in which they were added.
func (b *Bucket) CustomDomains(ctx context.Context) ([]CustomDomain, error) {
	d, err := readSetting(ctx, b, "list_custom_domains", content.domains)
	return d.Custom, err
}

// CustomDomain returns one of the bucket's custom domains.
func (b *Bucket) CustomDomain(ctx context.Context, name string) (CustomDomain, error) {
	return readSetting(ctx, b, "get_custom_domain", func(c content) (CustomDomain, error) {
		d, err := c.domains()
		if err != nil {
			return CustomDomain{}, err
		}
		one := d.custom(hostLower(name))
		if one == nil {
			return CustomDomain{}, noSuchDomain(name)
		}
		return *one, nil
	})
}

func noSuchDomain(name string) *Error {
	return &Error{Code: CodeNoSuchDomain, Message: fmt.Sprintf("The custom domain %q is not attached to this bucket.", name)}
}

// maxCustomDomains: https://developers.cloudflare.com/r2/platform/limits/
const maxCustomDomains = 100

// AddCustomDomain attaches a domain to the bucket. Nothing proves that it is the user's: it is served on
// this machine only.
func (b *Bucket) AddCustomDomain(ctx context.Context, d CustomDomain) (CustomDomain, error) {
	d.Domain = hostLower(d.Domain)
	if err := d.check(); err != nil {
		return d, err
	}
	d.ZoneName = zoneOf(d.Domain)
	err := b.changeSetting(ctx, "put_custom_domain", func(c content) error {
		all, err := c.domains()
		if err != nil {
			return err
		}
		if owner := c.objects.Tx().Bucket(topDomains).Get([]byte(d.Domain)); owner != nil {
			return &Error{Code: CodeDomainTaken, Message: fmt.Sprintf("The domain %q is attached to the bucket %s already.", d.Domain, owner)}
		}
		if len(all.Custom) >= maxCustomDomains {
			return invalid("A bucket can have %d custom domains at most.", maxCustomDomains)
		}
		all.Custom = append(all.Custom, d)
		return c.putDomains(all, d.Domain)
	})
	return d, err
}

// A CustomDomainChange is what UpdateCustomDomain changes; nil stays as it is.
type CustomDomainChange struct {
	Enabled *bool     `json:"enabled"`
	MinTLS  *string   `json:"minTLS"`
	Ciphers *[]string `json:"ciphers"`
}

// UpdateCustomDomain changes a custom domain of the bucket.
func (b *Bucket) UpdateCustomDomain(ctx context.Context, name string, ch CustomDomainChange) (d CustomDomain, err error) {
	name = hostLower(name)
	err = b.changeSetting(ctx, "put_custom_domain", func(c content) error {
		all, err := c.domains()
		if err != nil {
			return err
		}
		one := all.custom(name)
		if one == nil {
			return noSuchDomain(name)
		}
		if ch.Enabled != nil {
			one.Enabled = *ch.Enabled
		}
		if ch.MinTLS != nil {
			one.MinTLS = *ch.MinTLS
		}
		if ch.Ciphers != nil {
			one.Ciphers = *ch.Ciphers
		}
		if err := one.check(); err != nil {
			return err
		}
		d = *one
		return c.putDomains(all, name)
	})
	return d, err
}

// RemoveCustomDomain detaches a custom domain from the bucket.
func (b *Bucket) RemoveCustomDomain(ctx context.Context, name string) error {
	name = hostLower(name)
	return b.changeSetting(ctx, "delete_custom_domain", func(c content) error {
		all, err := c.domains()
		if err != nil {
			return err
		}
		if all.custom(name) == nil {
			return noSuchDomain(name)
		}
		all.Custom = slices.DeleteFunc(all.Custom, func(d CustomDomain) bool { return d.Domain == name })
		if err := c.objects.Tx().Bucket(topDomains).Delete([]byte(name)); err != nil {
			return err
		}
		return putSetting(c, settingDomains, all)
	})
}

// forgetDomains frees all names of a bucket, which is about to be deleted.
func forgetDomains(c content) error {
	names := c.objects.Tx().Bucket(topDomains)
	cur := names.Cursor()
	for k, v := cur.First(); k != nil; {
		if string(v) != c.name {
			k, v = cur.Next()
			continue
		}
		name := slices.Clone(k)
		if err := names.Delete(name); err != nil {
			return err
		}
		k, v = cur.Seek(name)
	}
	return nil
}

var tlsVersions = []string{"", "1.0", "1.1", "1.2", "1.3"}

// check refuses what is no domain of one's own. Loopback names above all must stay what they are: the
// control door answers to them.
func (d CustomDomain) check() error {
	switch {
	case !validDomain(d.Domain):
		return invalid("%q is no domain that a bucket can have: write it like files.example.com.", d.Domain)
	case strings.HasSuffix(d.Domain, ".r2.dev") || strings.HasSuffix(d.Domain, ".localhost"):
		return invalid("The domain %q cannot be attached to a bucket: names below r2.dev and localhost are not the user's.", d.Domain)
	case d.ZoneID == "":
		return invalid("The domain %q needs the zoneId of its zone; here any will do.", d.Domain)
	case !slices.Contains(tlsVersions, d.MinTLS):
		return invalid("minTLS %q is none of 1.0, 1.1, 1.2 and 1.3.", d.MinTLS)
	}
	return nil
}

func validDomain(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil || len(name) > 253 || !strings.Contains(name, ".") {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

func hostLower(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// zoneOf guesses the zone of a domain: its last two labels.
func zoneOf(domain string) string {
	labels := strings.Split(domain, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

// A PublicBucket is the bucket that a host name means.
type PublicBucket struct {
	*Bucket
	Enabled bool // its objects are shown under that name
}

// PublicBucket returns the bucket that a host name means: a custom domain, or an r2.dev name that has been
// enabled before. It returns nil when there is none.
func (s *Service) PublicBucket(host string) (*PublicBucket, error) {
	var p *PublicBucket
	err := s.index.db.View(func(tx *bolt.Tx) error {
		name := tx.Bucket(topDomains).Get([]byte(host))
		if name == nil {
			return nil
		}
		c, ok := contentIn(tx, string(name))
		row, err := getRow[bucketRow](tx.Bucket(topBuckets), name)
		if err != nil || !ok || row == nil {
			return err
		}
		d, err := c.domains()
		if err != nil {
			return err
		}
		p = &PublicBucket{Bucket: s.bucket(*row), Enabled: d.Managed}
		if one := d.custom(host); one != nil {
			p.Enabled = one.Enabled
		}
		return nil
	})
	return p, err
}
