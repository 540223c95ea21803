// Package r2 is R2 on one machine: buckets of objects, each with a body of any size, HTTP and custom
// metadata, checksums and a version.
//
// A Service holds an account's buckets. It has two faces: Wire answers what env.BUCKET sends (the
// protocol that workerd speaks to Cloudflare), Routes answers client/v4. Both end in the verbs of
// Bucket, which alone know what an operation means.
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
// # Concurrency
//
// Everything may be called at the same time; an object is read as it was when the read began, though
// it be overwritten meanwhile, since a blob lives until its last reader closes it. Writes to the
// index queue up and the first in the queue commits for all (see internal/groupcommit); conditions are decided
// within that transaction. No lock is held while a body is read or written. Lock order: blobs.mu,
// then a read transaction of the index; the turn to commit is never held together with blobs.mu.
package r2
