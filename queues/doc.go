// Package queues emulates Cloudflare Queues: messages that a Worker sends are kept on disk until a
// consumer has dealt with them.
//
// # Faces
//
// Wire is what env.QUEUE speaks: the HTTP calls that the runtime makes for send, sendBatch and
// metrics. Attach is the other end: it delivers batches to a Consumer. Producers and consumers meet
// nowhere else.
//
// # On disk
//
// One bbolt file, queues.db. For every queue it holds the messages that wait (ordered by arrival,
// which is the order in which they expire), an index of them by the time they fall due, the
// messages that are leased to a running delivery, and the bodies of both. A Send answers once its
// messages are committed; Sends that run at the same time share one commit, and so one fsync.
//
// # What is promised
//
// At least once. A message leaves the disk only when a delivery of it has been settled: it was
// acknowledged, or it failed more often than the policy allows and was moved to the dead letter
// queue in the same transaction, or dropped where there is none (or its retention of four days has
// ended, or it was deleted by Reset or Delete). A process that dies between lease
// and settlement leaves the lease behind; Open voids all leases, since whoever held them is gone,
// and the messages come again with a higher attempt number. A delivery cut short that way counts
// as an attempt, but a message is never given up without one settled failure at least.
//
// Never early. A message is not delivered before its delay has passed on Options.Clock. Retry delays,
// the wait for a batch to fill and the retention of four days are on that clock too: while it is
// frozen a batch that is not full waits, until the clock is moved or Drain is called.
//
// No order. Messages of one Send that fall due together are leased in the order they were given,
// and earlier Sends before later ones; but deliveries run side by side, and a retried message
// falls in behind. A Worker must not rely on any of it.
//
// # Concurrency
//
// Every method may be called at the same time as any other. An attached queue has one goroutine
// that leases batches and one for every running delivery; stopping waits for them. The locks are
// taken in this order: Service.mu, Queue.mu, store.mu, then bbolt's own. Queue.mu is never held
// across a transaction; Service.mu is, by Create and Delete only, which are rare.
package queues
