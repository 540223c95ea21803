// Package webfetch gives an isolate the Fetch API and what it stands on: Headers, Request, Response,
// fetch, Blob, File, FormData, and the streams.
//
// The classes that every request meets are Go values behind idl classes. A body is a Go value too: a
// text, bytes, or a Go reader, and it becomes a JavaScript ReadableStream only when code looks at it
// as one. A stream that nobody has read from gives its Go reader back, so that an upload that a
// Worker hands on to a bucket is copied by Go alone, in flat memory. The streams themselves are
// JavaScript (js/*.js), compiled once for the process and run when an isolate first names one.
//
// All methods of API belong to the goroutine of the isolate's event loop. The readers that they
// return may be read on any one goroutine.
package webfetch
