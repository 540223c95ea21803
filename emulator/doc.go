// Package emulator is the house: it opens the products, loads a project's Worker, joins the two,
// serves, reloads and closes.
//
// Open takes a project (a folder with a wrangler configuration) and opens the state directory, the
// products and the Worker; Serve answers at two doors until its context ends, and drains; Close
// undoes Open. Two doors listen on loopback: the Worker door, whose whole URL space belongs to the
// Worker (but for /cdn-cgi/handler), and the control door, with Cloudflare's client/v4 API and
// /cfemu/v1 for tests. Every door checks the Host header before anything else.
//
// On disk, below the project: .cfemu/run.json while a cfemu runs, and .cfemu/state with one folder
// per product, a VERSION, a lock, and the notes of which migrations and seed files were applied.
//
// Requests, queue batches and cron firings all take the live version of the Worker from a slot. A
// change on disk builds and loads a new version whole, swaps it in and lets the old one finish.
package emulator
