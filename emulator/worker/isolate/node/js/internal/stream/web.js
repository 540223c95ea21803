// Streams of Node.js as Web streams, and Web streams as streams of Node.js.
import process from 'node:process';
import { Buffer } from 'node:buffer';
import { Readable } from 'node:internal/stream/readable';
import { Writable } from 'node:internal/stream/writable';
import { Duplex } from 'node:internal/stream/duplex';
import { destroyer } from 'node:internal/stream/destroy';
import { finished } from 'node:internal/stream/finished';
import { abortError, invalidArgType, needObject } from 'node:internal/stream/errors';
import { isDestroyed, isReadable, isReadableWeb, isWritable, isWritableEnded, isWritableWeb } from 'node:internal/stream/kind';

const noop = () => {};

/** A Readable over a ReadableStream, which it locks. */
export function readableFromWeb(stream, options = {}) {
  if (!isReadableWeb(stream)) throw invalidArgType('readableStream', 'ReadableStream', stream);
  needObject(options, 'options');
  const { highWaterMark, encoding, objectMode = false, signal } = options;
  const side = readingSide(stream);
  return new Readable({ objectMode, highWaterMark, encoding, signal, read() { side.read(this); }, destroy(err, cb) { side.destroy(err, cb); } });
}

/** _read and _destroy over a ReadableStream. */
function readingSide(stream) {
  const reader = stream.getReader();
  let closed = false;
  let owner;
  reader.closed.then(() => { closed = true; }, (err) => {
    closed = true;
    owner?.destroy(err);
  });
  return {
    read(readable) {
      owner = readable;
      reader.read().then(({ value, done }) => {
        if (done) readable.push(null);
        else readable.push(readable.readableObjectMode || typeof value === 'string' ? value : bytesOf(value));
      }, (err) => readable.destroy(err));
    },
    destroy(err, cb) {
      if (closed) {
        cb(err);
        return;
      }
      const end = () => process.nextTick(cb, err);
      reader.cancel(err).then(end, end);
    },
  };
}

const bytesOf = (value) => value instanceof ArrayBuffer ? Buffer.from(value) : value;

/** A Writable over a WritableStream, which it locks. */
export function writableFromWeb(stream, options = {}) {
  if (!isWritableWeb(stream)) throw invalidArgType('writableStream', 'WritableStream', stream);
  needObject(options, 'options');
  const { highWaterMark, decodeStrings = true, objectMode = false, signal } = options;
  const side = writingSide(stream);
  return new Writable({ highWaterMark, objectMode, decodeStrings, signal,
    write(chunk, encoding, cb) { side.write(this, chunk, cb); },
    final(cb) { side.final(cb); },
    destroy(err, cb) { side.destroy(err, cb); } });
}

/** _write, _final and _destroy over a WritableStream. */
function writingSide(stream) {
  const writer = stream.getWriter();
  let closed = false;
  let owner;
  writer.closed.then(() => { closed = true; }, (err) => {
    closed = true;
    owner?.destroy(err);
  });
  // What cb throws must not be taken for a failure of the stream.
  const call = (cb, err) => process.nextTick(cb, err);
  return {
    write(writable, chunk, cb) {
      owner = writable;
      writer.ready.then(() => writer.write(chunk)).then(() => call(cb), (err) => call(cb, err));
    },
    final(cb) {
      writer.close().then(() => call(cb), (err) => call(cb, err));
    },
    destroy(err, cb) {
      if (closed) {
        cb(err);
        return;
      }
      const end = () => call(cb, err);
      (err == null ? writer.close() : writer.abort(err)).then(end, end);
    },
  };
}

/** A Duplex over a pair of Web streams, such as a TransformStream. */
export function duplexFromWeb(pair, options = {}) {
  needObject(pair, 'pair');
  if (!isReadableWeb(pair.readable)) throw invalidArgType('pair.readable', 'ReadableStream', pair.readable);
  if (!isWritableWeb(pair.writable)) throw invalidArgType('pair.writable', 'WritableStream', pair.writable);
  needObject(options, 'options');
  const { allowHalfOpen = false, objectMode = false, encoding, decodeStrings = true, highWaterMark, signal } = options;
  const writing = writingSide(pair.writable);
  const reading = readingSide(pair.readable);
  return new Duplex({ allowHalfOpen, highWaterMark, objectMode, encoding, decodeStrings, signal,
    read() { reading.read(this); },
    write(chunk, enc, cb) { writing.write(this, chunk, cb); },
    final(cb) { writing.final(cb); },
    destroy(err, cb) {
      writing.destroy(err, (e) => reading.destroy(e, cb));
    } });
}

const over = (stream) => {
  stream.cancel?.().catch(noop);
  return stream;
};

/** A ReadableStream of what a Readable gives. */
export function readableToWeb(readable, options = {}) {
  if (!readable?._readableState) throw invalidArgType('streamReadable', 'stream.Readable', readable);
  needObject(options, 'options');
  if (isDestroyed(readable) || !isReadable(readable)) return over(new ReadableStream());
  const { objectMode } = readable._readableState;
  const highWaterMark = readable.readableHighWaterMark;
  const strategy = options.strategy ?? (objectMode ? new CountQueuingStrategy({ highWaterMark })
    : { highWaterMark, size: (chunk) => chunk?.byteLength ?? chunk?.length ?? 1 });
  let controller;
  let canceled = false;
  function ondata(chunk) {
    if (chunk instanceof Buffer && !objectMode) chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    controller.enqueue(chunk);
    if (controller.desiredSize <= 0) readable.pause();
  }
  readable.pause();
  const cleanup = finished(readable, (err) => {
    if (err?.code === 'ERR_STREAM_PREMATURE_CLOSE') err = abortError(err);
    cleanup();
    readable.on('error', noop);
    if (err) {
      controller.error(err);
      return;
    }
    if (!canceled) controller.close();
  });
  readable.on('data', ondata);
  return new ReadableStream({
    start(c) { controller = c; },
    pull() { readable.resume(); },
    cancel(reason) {
      canceled = true;
      destroyer(readable, reason);
    },
  }, strategy);
}

/** A WritableStream that writes into a Writable. */
export function writableToWeb(writable) {
  if (!writable?._writableState) throw invalidArgType('streamWritable', 'stream.Writable', writable);
  if (isDestroyed(writable) || !isWritable(writable)) {
    const closed = new WritableStream();
    closed.close().catch(noop);
    return closed;
  }
  const highWaterMark = writable.writableHighWaterMark;
  const { objectMode } = writable._writableState;
  let controller;
  let waiting = null; // resolvers of the write that waits for a drain
  let closing = null; // resolvers of close
  writable.on('drain', () => {
    waiting?.resolve();
    waiting = null;
  });
  const cleanup = finished(writable, (err) => {
    if (err?.code === 'ERR_STREAM_PREMATURE_CLOSE') err = abortError(err);
    cleanup();
    writable.on('error', noop);
    if (err) {
      waiting?.reject(err);
      closing?.reject(err);
      controller.error(err);
      return;
    }
    if (closing) closing.resolve();
    else controller.error(abortError());
    closing = null;
  });
  const defer = () => {
    const d = {};
    d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject }));
    return d;
  };
  return new WritableStream({
    start(c) { controller = c; },
    write(chunk) {
      if (!objectMode && chunk instanceof ArrayBuffer) chunk = new Uint8Array(chunk);
      if (writable.writableNeedDrain || !writable.write(chunk)) {
        waiting = defer();
        return waiting.promise;
      }
      return undefined;
    },
    abort(reason) { destroyer(writable, reason); },
    close() {
      if (closing === null && !isWritableEnded(writable)) {
        closing = defer();
        writable.end();
        return closing.promise;
      }
      return undefined;
    },
  }, objectMode ? new CountQueuingStrategy({ highWaterMark })
    : { highWaterMark, size: (chunk) => chunk?.byteLength ?? chunk?.length ?? 1 });
}

/** A pair of Web streams over the two sides of a Duplex. */
export function duplexToWeb(duplex, options) {
  if (!duplex?._writableState || !duplex?._readableState) throw invalidArgType('duplex', 'stream.Duplex', duplex);
  if (isDestroyed(duplex)) {
    const writable = new WritableStream();
    const readable = new ReadableStream();
    writable.close().catch(noop);
    readable.cancel().catch(noop);
    return { readable, writable };
  }
  let writable;
  if (isWritable(duplex)) writable = writableToWeb(duplex);
  else (writable = new WritableStream()).close().catch(noop);
  const readable = isReadable(duplex) ? readableToWeb(duplex, options) : over(new ReadableStream());
  return { writable, readable };
}
