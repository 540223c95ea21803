package wrangler

import (
	"fmt"
	"path/filepath"
)

func (d *decoder) vars(v *value, path string) {
	if !d.expect(v, path, kindObject, `an object such as {"NAME": "value"}`) {
		return
	}
	for _, m := range v.members {
		if date := firstDate(m.value); date != nil {
			d.fail(date.at, fmt.Sprintf("%q is a TOML date, which no variable can hold", path+"."+m.key), "write "+quoteJSON(date.text)+", in quotes")
		}
		d.bind(m.key, "variable", m.at)
		if m.value.kind == kindString {
			d.cfg.Vars = append(d.cfg.Vars, Var{Name: m.key, Text: m.value.text})
		} else {
			d.cfg.Vars = append(d.cfg.Vars, Var{Name: m.key, Text: m.value.json(), JSON: true})
		}
	}
}

func firstDate(v *value) *value {
	if v.kind == kindDate {
		return v
	}
	for _, item := range v.items {
		if date := firstDate(item); date != nil {
			return date
		}
	}
	for _, m := range v.members {
		if date := firstDate(m.value); date != nil {
			return date
		}
	}
	return nil
}

func (d *decoder) secrets(v *value, path string) {
	o := d.object(v, path, `an object such as {"required": ["API_KEY"]}`)
	if o == nil {
		return
	}
	required := o.strings("required", `a list such as ["API_KEY"]`)
	o.end()
	if list := v.member("required"); list != nil {
		for _, item := range list.value.items {
			if item.kind == kindString {
				d.bind(item.text, "secret", item.at)
			}
		}
	}
	d.cfg.declaresSecrets = true
	d.cfg.RequiredSecrets = required
}

func (d *decoder) d1Databases(v *value, path string) {
	d.each(v, path, `{"binding": "DB", "database_name": "my-db"}`, func(o *object) {
		db := D1Database{
			Binding:           o.binding("binding", "D1 database", "DB"),
			DatabaseName:      o.str("database_name"),
			DatabaseID:        o.str("database_id"),
			PreviewDatabaseID: o.str("preview_database_id"),
			MigrationsDir:     o.str("migrations_dir"),
			MigrationsTable:   o.str("migrations_table"),
			MigrationsPattern: o.str("migrations_pattern"),
			Remote:            o.remote(),
			Pos:               d.pos(o.v.at),
		}
		o.ignore("jurisdiction", "database_internal_env")
		if db.MigrationsDir == "" {
			db.MigrationsDir = defaultMigrations
		}
		db.MigrationsDir = d.abs(db.MigrationsDir)
		if db.MigrationsTable == "" {
			db.MigrationsTable = defaultMigrationsT
		}
		if db.MigrationsPattern != "" {
			db.MigrationsPattern = filepath.ToSlash(filepath.Clean(db.MigrationsPattern))
		}
		d.cfg.D1Databases = append(d.cfg.D1Databases, db)
	})
}

func (d *decoder) kvNamespaces(v *value, path string) {
	d.each(v, path, `{"binding": "KV"}`, func(o *object) {
		d.cfg.KVNamespaces = append(d.cfg.KVNamespaces, KVNamespace{
			Binding:   o.binding("binding", "KV namespace", "KV"),
			ID:        o.nonEmpty("id", "remove it: without an id the namespace is known by its binding"),
			PreviewID: o.str("preview_id"),
			Remote:    o.remote(),
			Pos:       d.pos(o.v.at),
		})
	})
}

func (d *decoder) r2Buckets(v *value, path string) {
	d.each(v, path, `{"binding": "BUCKET", "bucket_name": "my-bucket"}`, func(o *object) {
		b := R2Bucket{
			Binding:           o.binding("binding", "R2 bucket", "BUCKET"),
			BucketName:        o.nonEmpty("bucket_name", "remove it: without a name the bucket is known by its binding"),
			PreviewBucketName: o.str("preview_bucket_name"),
			Jurisdiction:      o.str("jurisdiction"),
			Remote:            o.remote(),
			Pos:               d.pos(o.v.at),
		}
		for _, key := range []string{"bucket_name", "preview_bucket_name"} {
			m := o.v.member(key)
			if m != nil && m.value.kind == kindString && m.value.text != "" && !bucketName.MatchString(m.value.text) {
				d.fail(m.value.at, fmt.Sprintf("%q is no name for a bucket: %q", m.value.text, o.path+"."+key),
					"names have 3 to 63 lower case letters, digits and hyphens, and begin and end with a letter or digit")
			}
		}
		if v, path := o.get("local_dev"); v != nil {
			b.S3 = d.s3Credentials(v, path)
		}
		d.cfg.R2Buckets = append(d.cfg.R2Buckets, b)
	})
}

// s3Credentials reads the key pair of a bucket's local_dev.
//
// Receipt: wrangler 4.164.0's schema
func (d *decoder) s3Credentials(v *value, path string) *S3Credentials {
	o := d.object(v, path, `{"experimental_s3_credentials": {"accessKeyId": "…", "secretAccessKey": "…"}}`)
	if o == nil {
		return nil
	}
	defer o.end()
	v, path = o.get(keyPair)
	if v == nil {
		return nil
	}
	pair := d.object(v, path, `{"accessKeyId": "…", "secretAccessKey": "…"}`)
	if pair == nil {
		return nil
	}
	defer pair.end()
	return &S3Credentials{AccessKeyID: pair.required("accessKeyId", "local"), SecretAccessKey: pair.required("secretAccessKey", "secret")}
}

func (d *decoder) queues(v *value, path string) {
	o := d.object(v, path, `an object such as {"producers": […], "consumers": […]}`)
	if o == nil {
		return
	}
	producers, producersPath := o.get("producers")
	consumers, consumersPath := o.get("consumers")
	o.end()
	if producers != nil {
		d.each(producers, producersPath, `{"binding": "QUEUE", "queue": "my-queue"}`, d.producer)
	}
	if consumers != nil {
		d.each(consumers, consumersPath, `{"queue": "my-queue"}`, d.consumer)
	}
}

func (d *decoder) producer(o *object) {
	p := QueueProducer{
		Binding:       o.binding("binding", "queue", "QUEUE"),
		Queue:         o.nonEmpty("queue", "write the queue's name"),
		DeliveryDelay: o.integer("delivery_delay", 0, maxQueueDelay),
		Remote:        o.remote(),
		Pos:           d.pos(o.v.at),
	}
	if m := o.v.member("delivery_delay"); m != nil {
		d.warn(m.at, fmt.Sprintf("%q has no effect any more", o.path+".delivery_delay"), "remove it: the delay is a setting of the queue itself")
	}
	d.cfg.Queues.Producers = append(d.cfg.Queues.Producers, p)
}

func (d *decoder) consumer(o *object) {
	c := QueueConsumer{
		Queue:               o.required("queue", "my-queue"),
		MaxBatchSize:        o.integer("max_batch_size", 1, maxBatchSize),
		MaxBatchTimeout:     o.integer("max_batch_timeout", 0, maxBatchTimeout),
		MaxRetries:          o.integer("max_retries", 0, maxRetries),
		DeadLetterQueue:     o.nonEmpty("dead_letter_queue", "remove it, or write the name of the queue for messages that failed"),
		VisibilityTimeoutMS: o.integer("visibility_timeout_ms", 0, maxVisibilityMS),
		RetryDelay:          o.integer("retry_delay", 0, maxQueueDelay),
		Pos:                 d.pos(o.v.at),
	}
	// null is the documented way to say "as many as needed".
	if m := o.v.member("max_concurrency"); m != nil && m.value.kind == kindNull {
		o.ignore("max_concurrency")
	} else {
		c.MaxConcurrency = o.integer("max_concurrency", 1, maxConcurrency)
	}
	if t, tpath := o.get("type"); t != nil {
		if s := d.stringValue(t, tpath, `"worker"`); t.kind == kindString && s != "worker" {
			d.fail(t.at, fmt.Sprintf("%q cannot be %q", tpath, s), `only "worker" consumers stand in the configuration; pull consumers are added to the queue itself`)
		}
	}
	if c.DeadLetterQueue != "" && c.DeadLetterQueue == c.Queue {
		d.fail(o.v.member("dead_letter_queue").value.at, fmt.Sprintf("the queue %q is its own dead letter queue", c.Queue), "name another queue")
	}
	for _, other := range d.cfg.Queues.Consumers {
		if other.Queue == c.Queue && c.Queue != "" {
			d.fail(o.v.at, fmt.Sprintf("the queue %q has two consumers: this one and the one in line %d", c.Queue, other.Pos.Line),
				"a queue has one consumer; remove one of them")
			return
		}
	}
	d.cfg.Queues.Consumers = append(d.cfg.Queues.Consumers, c)
}

func (d *decoder) ai(v *value, path string) {
	if o := d.object(v, path, `an object such as {"binding": "AI"}`); o != nil {
		d.cfg.AI = &NamedBinding{Binding: o.binding("binding", "AI binding", "AI"), Pos: d.pos(v.at)}
		// Workers AI is remote in wrangler always, so that "remote": true says nothing new.
		d.cfg.AI.Remote = o.boolean("remote")
		o.ignore("staging")
		o.end()
	}
}

func (d *decoder) versionMetadata(v *value, path string) {
	if o := d.object(v, path, `an object such as {"binding": "VERSION"}`); o != nil {
		d.cfg.VersionMetadata = &NamedBinding{Binding: o.binding("binding", "version metadata", "VERSION"), Pos: d.pos(v.at)}
		o.end()
	}
}

func (d *decoder) services(v *value, path string) {
	d.each(v, path, `{"binding": "OTHER", "service": "other-worker"}`, func(o *object) {
		s := Service{
			Binding:    o.binding("binding", "service", "OTHER"),
			Service:    o.required("service", "other-worker"),
			Entrypoint: o.str("entrypoint"),
			Remote:     o.remote(),
			Pos:        d.pos(o.v.at),
		}
		if props, ppath := o.get("props"); props != nil && d.expect(props, ppath, kindObject, "an object") {
			s.Props = props.json()
		}
		o.ignore("environment", "dev")
		d.cfg.Services = append(d.cfg.Services, s)
	})
}

// foreign checks what is known and not decoded: its kind, and the names that its bindings take.
func (d *decoder) foreign(k *key, v *value, path string) {
	ok := false
	for _, want := range k.kinds {
		ok = ok || v.kind == want
	}
	if !ok {
		d.expect(v, path, k.kinds[0], "")
		return
	}
	if k.bindings == "" {
		return
	}
	if inner := v.member("bindings"); inner != nil { // durable_objects, unsafe
		v = inner.value
	}
	switch {
	case v.kind == kindArray:
		for _, item := range v.items {
			d.bindForeign(k, item)
		}
	case v.member("binding") != nil:
		d.bindForeign(k, v)
	case k.name == "wasm_modules" || k.name == "text_blobs" || k.name == "data_blobs":
		for _, m := range v.members {
			d.bind(m.key, k.bindings, m.at)
		}
	}
}

func (d *decoder) bindForeign(k *key, v *value) {
	m := v.member("binding")
	if m == nil {
		m = v.member("name")
	}
	if m != nil && m.value.kind == kindString {
		d.bind(m.value.text, k.bindings, m.value.at)
	}
}
