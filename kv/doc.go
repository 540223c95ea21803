// Package kv is Workers KV on one machine: namespaces of keys, each with a value of up to 25 MiB,
// optional metadata and an optional time to live.
//
// A Service holds an account's namespaces. It has two faces: Wire answers what env.KV sends (the
// protocol that workerd speaks to Cloudflare), Routes answers client/v4. Both end in the verbs of
// Namespace, which alone know what an operation means.
//
// # On disk
//
// One bbolt file, kv.db, holds every namespace, each in a bucket of its own. One file and not one
// for each namespace, because a commit costs a flush of the disk: writers of all namespaces share
// commits, and a start opens one file however many namespaces there are. Small values lie beside
// their key; larger ones are cut into chunks in a second bucket, so that writing a key never
// rewrites a large neighbour and a list never reads values.
//
// # Time
//
// A key whose expiration has come is invisible at once, whether it has been removed yet or not. One
// timer on Options.Clock, armed for the first expiration that is due, removes expired keys.
//
// # Concurrency
//
// Everything may be called at the same time. Reads see the last commit and never wait. Writes queue
// up and the first in the queue commits for all (see internal/groupcommit). No lock is held while a caller's
// stream is read. Lock order: the turn to commit, then the store's own; sweeper.mu is held over calls of
// the clock and of nothing else.
package kv
