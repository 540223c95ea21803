package s3

import (
	"net/http"
	"time"

	"github.com/cfemu/cfemu/r2"
)

// A corsDocument is the CORS rules of a bucket as the S3 API has them.
type corsDocument struct {
	CORSRule []struct {
		ID            string
		AllowedOrigin []string
		AllowedMethod []string
		AllowedHeader []string
		ExposeHeader  []string
		MaxAgeSeconds *int
	}
}

func (c *call) putBucketCors() error {
	var doc corsDocument
	if err := c.readXML("CORSConfiguration", &doc); err != nil {
		return err
	}
	policy := r2.CORSPolicy{}
	for _, rule := range doc.CORSRule {
		policy = append(policy, r2.CORSRule{
			ID:            rule.ID,
			Allowed:       r2.CORSAllowed{Origins: rule.AllowedOrigin, Methods: rule.AllowedMethod, Headers: rule.AllowedHeader},
			ExposeHeaders: rule.ExposeHeader, MaxAgeSeconds: rule.MaxAgeSeconds,
		})
	}
	if len(policy) == 0 {
		return malformedXML()
	}
	return c.done(c.bucket.SetCORS(c.ctx(), policy), http.StatusOK)
}

// done ends an operation whose answer is a status.
func (c *call) done(err error, status int) error {
	if isCode(err, r2.CodeMalformedJSON) {
		return malformedXML()
	}
	if err == nil {
		c.w.WriteHeader(status)
	}
	return err
}

func (c *call) getBucketCors() error {
	policy, err := c.bucket.CORS(c.ctx())
	if err != nil {
		return err
	}
	d := newDocument("CORSConfiguration")
	for _, rule := range policy {
		d.begin("CORSRule")
		d.optional("ID", rule.ID)
		for _, list := range []struct {
			name   string
			values []string
		}{
			{"AllowedOrigin", rule.Allowed.Origins}, {"AllowedMethod", rule.Allowed.Methods},
			{"AllowedHeader", rule.Allowed.Headers}, {"ExposeHeader", rule.ExposeHeaders},
		} {
			for _, v := range list.values {
				d.text(list.name, v)
			}
		}
		if rule.MaxAgeSeconds != nil {
			d.number("MaxAgeSeconds", int64(*rule.MaxAgeSeconds))
		}
		d.end()
	}
	return c.writeXML(d)
}

func (c *call) deleteBucketCors() error {
	return c.done(c.bucket.DeleteCORS(c.ctx()), http.StatusNoContent)
}

// A lifecycleDocument is the lifecycle rules of a bucket as the S3 API has them.
type lifecycleDocument struct {
	Rule []lifecycleRule
}

type lifecycleRule struct {
	ID                             string
	Status                         string
	Prefix                         string // as older clients have it
	Filter                         struct{ Prefix string }
	Expiration                     *lifecycleMoment
	Transition                     []lifecycleTransition
	AbortIncompleteMultipartUpload *struct{ DaysAfterInitiation int64 }
}

// A lifecycleMoment is an age in days, or a date.
type lifecycleMoment struct {
	Days int64
	Date *time.Time
}

type lifecycleTransition struct {
	lifecycleMoment
	StorageClass string
}

const secondsPerDay = 24 * 60 * 60

func (m lifecycleMoment) condition() r2.LifecycleCondition {
	if m.Date != nil {
		return r2.LifecycleCondition{Type: r2.ConditionDate, Date: *m.Date}
	}
	age := m.Days * secondsPerDay
	return r2.LifecycleCondition{Type: r2.ConditionAge, MaxAge: &age}
}

// rule is the rule as R2 has it.
func (l lifecycleRule) rule() (r r2.LifecycleRule, err error) {
	if l.Status != "Enabled" && l.Status != "Disabled" {
		return r, malformedXML()
	}
	r.ID, r.Enabled = l.ID, l.Status == "Enabled"
	r.Conditions.Prefix = l.Filter.Prefix + l.Prefix
	if l.Expiration != nil {
		r.DeleteObjects = &r2.LifecycleTransition{Condition: l.Expiration.condition()}
	}
	for _, t := range l.Transition {
		if t.StorageClass != "STANDARD_IA" {
			return r, newError(http.StatusBadRequest, "InvalidStorageClass", "The storage class specified is not valid.")
		}
		r.StorageClasses = append(r.StorageClasses, r2.LifecycleStorageTransition{Condition: t.condition(), StorageClass: r2.InfrequentAccess})
	}
	if a := l.AbortIncompleteMultipartUpload; a != nil {
		r.AbortIncomplete = &r2.LifecycleTransition{Condition: lifecycleMoment{Days: a.DaysAfterInitiation}.condition()}
	}
	return r, nil
}

func (c *call) putBucketLifecycle() error {
	var doc lifecycleDocument
	if err := c.readXML("LifecycleConfiguration", &doc); err != nil {
		return err
	}
	rules := []r2.LifecycleRule{}
	for _, l := range doc.Rule {
		r, err := l.rule()
		if err != nil {
			return err
		}
		rules = append(rules, r)
	}
	if len(rules) == 0 {
		return malformedXML()
	}
	return c.done(c.bucket.SetLifecycle(c.ctx(), rules), http.StatusOK)
}

func (c *call) deleteBucketLifecycle() error {
	return c.done(c.bucket.SetLifecycle(c.ctx(), []r2.LifecycleRule{}), http.StatusNoContent)
}

func (c *call) getBucketLifecycle() error {
	rules, err := c.bucket.Lifecycle(c.ctx())
	if err != nil {
		return err
	}
	if len(rules) == 0 {
		return newError(http.StatusNotFound, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist.")
	}
	d := newDocument("LifecycleConfiguration")
	for _, r := range rules {
		d.begin("Rule")
		d.optional("ID", r.ID)
		status := "Disabled"
		if r.Enabled {
			status = "Enabled"
		}
		d.text("Status", status)
		d.begin("Filter")
		d.text("Prefix", r.Conditions.Prefix)
		d.end()
		if r.DeleteObjects != nil {
			d.begin("Expiration")
			d.moment(r.DeleteObjects.Condition)
			d.end()
		}
		for _, t := range r.StorageClasses {
			d.begin("Transition")
			d.moment(t.Condition)
			d.text("StorageClass", storageClassName(t.StorageClass))
			d.end()
		}
		if r.AbortIncomplete != nil {
			d.begin("AbortIncompleteMultipartUpload")
			d.number("DaysAfterInitiation", days(r.AbortIncomplete.Condition))
			d.end()
		}
		d.end()
	}
	return c.writeXML(d)
}

// moment adds a condition. Documents count whole days: a part of one is one.
func (d *document) moment(c r2.LifecycleCondition) {
	if c.Type == r2.ConditionDate {
		d.time("Date", c.Date)
		return
	}
	d.number("Days", days(c))
}

func days(c r2.LifecycleCondition) int64 {
	if c.MaxAge == nil {
		return 0
	}
	return (*c.MaxAge + secondsPerDay - 1) / secondsPerDay
}
