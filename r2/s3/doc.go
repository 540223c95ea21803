// Package s3 is R2's S3-compatible endpoint: the same buckets that the binding and client/v4 see,
// spoken to as the S3 API. It translates and decides nothing: package r2 does.
//
// A request passes through three places: authenticate verifies who sent it and hands on a body that is
// decoded and verified while it is read; route finds the operation; the operation calls a verb of r2
// and writes XML, or headers and an object's bytes.
package s3
