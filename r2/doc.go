// Package r2 is R2 on one machine: buckets of objects, each with a body of any size, HTTP and custom
// metadata, checksums and a version.
//
// A Service holds an account's buckets. It has three faces: Wire answers what env.BUCKET sends (the
// protocol that workerd speaks to Cloudflare), Routes answers client/v4, ServePublic shows the objects of
// public buckets. All end in the verbs of Bucket, which alone know what an operation means.
//
// A bucket has settings beside its objects: a CORS policy, lifecycle and lock rules, rules for event
// notifications, public names. Start lets happen by itself what they ask for.
//
// # On disk
//
// index.db is a bbolt file that says which objects there are. A body of up to 4 KiB is in it too, so
// that one flush makes such an object durable. Any other consists of blobs: one for an object that was put whole, one for each part of a multipart upload, which is thus completed
// without copying a byte. A blob is a file below blobs/, written once under a random name and never
// changed. It is written to tmp/, flushed and renamed before the index names it, and it is removed
// after the index has ceased to. So at any instant a crash leaves at most blobs that nobody names;
// Open has them looked for in the background and removed, unless the file "clean" says that the last Close left none.
//
// The settings are in index.db too, and so is the outbox: an event is put there in the transaction of the
// change that it tells of, and taken out once its queue has it. So a crash may send an event twice, and
// loses none.
//
// # Concurrency
//
// Everything may be called at the same time; an object is read as it was when the read began, though
// it be overwritten meanwhile, since a blob lives until its last reader closes it. Writes to the
// index queue up and the first in the queue commits for all (see internal/groupcommit); conditions are decided
// within that transaction. No lock is held while a body is read or written. Lock order: blobs.mu,
// then a read transaction of the index; the turn to commit is never held together with blobs.mu. The
// locks of outbox and aging come before these: each is held by the one who delivers events, or applies
// lifecycle rules.
package r2
