// Package workertest is the conformance suite of the runtime: Workers and what must come of them, which
// every worker.Engine has to pass.
//
// It is written by clause of the standards (Fetch, URL, Streams, Encoding, Compression, File API, DOM,
// Web Cryptography, HTML, Console, URLPattern, ECMAScript) and of Cloudflare's documentation. What it
// expects is what workerd does in production, never what one engine happens to do.
//
// testdata/<area>/<case>.js is a Worker whose clauses are written with test() and workers() of
// testdata/workertest.js; a .txtar file beside it holds several modules, bindings, flags. Clauses that
// need more than an answer to one request (raw requests, queue batches, streaming, exceptions, console
// lines) are the Go tables here, with their Workers in testdata/events. Behind Spec.Outbound stands a
// server on the loopback address, see origin.go.
//
// known/<engine>.txt lists the clauses that an engine is known to fail, with reasons. The suite fails
// when one of them passes and when any other does not: the list can only shrink.
//
// Two other programs check the expectations themselves. `node testdata/run.mjs` runs the clauses that
// are pure standard in Node.js (24 or newer; known/node.txt holds where Node differs). And
// `WORKERD=path/to/workerd go test -tags workerd ./emulator/worker/workertest` runs the whole suite in
// Cloudflare's own runtime; known/workerd.txt holds what only production adds to it.
package workertest
