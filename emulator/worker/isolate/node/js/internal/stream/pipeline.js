// pipeline: joins streams, iterables and generator functions, and takes all of them down when one fails.
import process from 'node:process';
import { AsyncResource } from 'node:async_hooks';
import { Readable } from 'node:internal/stream/readable';
import { Duplex, PassThrough } from 'node:internal/stream/duplex';
import { destroyer } from 'node:internal/stream/destroy';
import { finished } from 'node:internal/stream/finished';
import { iterate } from 'node:internal/stream/iterate';
import { abortError, destroyedError, invalidArgType, invalidReturn, missingArgs, needFunction, needSignal, onAbort, prematureClose } from 'node:internal/stream/errors';
import { isIterable, isNodeStream, isReadable, isReadableFinished, isReadableNode, isReadableWeb, isTransformWeb, isWebStream, isWritableWeb } from 'node:internal/stream/kind';
import { duplexFromWeb, readableFromWeb, writableFromWeb } from 'node:internal/stream/web';

export function pipeline(...streams) {
  const callback = streams.pop();
  needFunction(callback, 'streams[stream.length - 1]');
  let called = false;
  const done = AsyncResource.bind((...args) => {
    if (called) return;
    called = true;
    callback(...args);
  });
  return run(streams, done);
}

/** pipeline as a promise; the last argument may be options, with signal and end. */
export function pipelinePromise(...streams) {
  return new Promise((resolve, reject) => {
    let options;
    const last = streams[streams.length - 1];
    if (last && typeof last === 'object' && !isNodeStream(last) && !isIterable(last) && !isWebStream(last)) {
      options = streams.pop();
      needSignal(options.signal, 'options.signal');
    }
    run(streams, (err, value) => err ? reject(err) : resolve(value), options);
  });
}

/** Runs the pipeline; callback is called once. compose calls it too. */
export function run(streams, callback, options) {
  if (streams.length === 1 && Array.isArray(streams[0])) streams = streams[0];
  if (streams.length < 2) throw missingArgs('streams');
  return new Pipeline(streams, callback, options).start();
}

class Pipeline {
  constructor(streams, callback, options) {
    this.streams = streams;
    this.callback = callback;
    this.endsLast = options?.end !== false;
    this.abort = new AbortController();
    this.outer = options?.signal;
    this.error = undefined;
    this.value = undefined;
    this.destroys = [];
    this.lastCleanup = [];
    this.open = 0;
    this.forget = () => {};
  }

  start() {
    const abort = () => this.fail(abortError(this.outer.reason));
    if (this.outer && !this.outer.aborted) this.forget = onAbort(this.outer, abort);
    let ret;
    for (let i = 0; i < this.streams.length; i++) ret = this.add(i, ret);
    if (this.outer?.aborted) process.nextTick(abort);
    return ret;
  }

  /** Joins stream number i to ret, what the one before it gives. */
  add(i, ret) {
    const { streams } = this;
    let stream = streams[i];
    const isFirst = i === 0;
    const isLast = i === streams.length - 1;
    const reading = !isLast;
    const writing = !isFirst;
    const end = reading || this.endsLast;
    if (isWebStream(stream)) stream = this.adapt(stream, isFirst, isLast);
    if (isNodeStream(stream)) {
      if (end) this.watch(stream, reading, writing, isLast);
      // Errors after the pipeline's end belong to nobody: they must not end the Worker.
      const onerror = (err) => {
        if (err && err.name !== 'AbortError' && err.code !== 'ERR_STREAM_PREMATURE_CLOSE') this.fail(err);
      };
      stream.on('error', onerror);
      if (isReadable(stream) && isLast) this.lastCleanup.push(() => stream.removeListener('error', onerror));
    }
    if (isFirst) return this.source(stream);
    if (typeof stream === 'function') return this.call(stream, ret, isLast);
    if (!isNodeStream(stream)) return Duplex.from(stream);
    this.join(stream, ret, end);
    return stream;
  }

  /** The first of the streams, or what it returns. */
  source(stream) {
    if (typeof stream === 'function') {
      const ret = stream({ signal: this.abort.signal });
      if (!isIterable(ret)) throw invalidReturn('Iterable, AsyncIterable or Stream', 'source', ret);
      return ret;
    }
    if (isIterable(stream) || isReadableNode(stream) || isTransformWeb(stream)) return stream;
    return Duplex.from(stream);
  }

  adapt(stream, isFirst, isLast) {
    if (isTransformWeb(stream)) return duplexFromWeb(stream);
    if (isReadableWeb(stream) && isFirst) return readableFromWeb(stream, { objectMode: true });
    if (isWritableWeb(stream) && isLast) return writableFromWeb(stream);
    throw invalidArgType('val', ['Readable', 'Iterable', 'AsyncIterable'], stream);
  }

  /** Calls a function in the middle or at the end. Its result in the middle is read, at the end awaited. */
  call(f, ret, isLast) {
    const input = toAsyncIterable(ret);
    const result = f(input, { signal: this.abort.signal });
    if (!isLast) {
      if (!isIterable(result, true)) throw invalidReturn('AsyncIterable', `transform[${this.streams.indexOf(f) - 1}]`, result);
      return result;
    }
    const out = new PassThrough({ objectMode: true });
    if (typeof result?.then === 'function') {
      this.open++;
      result.then((value) => {
        this.value = value;
        if (value != null) out.write(value);
        if (this.endsLast) out.end();
        process.nextTick(() => this.finishOne());
      }, (err) => {
        out.destroy(err);
        process.nextTick(() => this.finishOne(err));
      });
    } else if (isIterable(result, true)) {
      this.open++;
      pump(result, out, (err) => this.finishOne(err), this.endsLast);
    } else {
      throw invalidReturn('AsyncIterable or Promise', 'destination', result);
    }
    this.watch(out, false, true, true);
    return out;
  }

  /** Sends what ret gives into stream. */
  join(stream, ret, end) {
    if (isNodeStream(ret)) {
      this.open += 2;
      const cleanup = this.pipe(ret, stream, end);
      if (isReadable(stream) && this.streams[this.streams.length - 1] === stream) this.lastCleanup.push(cleanup);
    } else if (isReadableWeb(ret)) {
      this.open++;
      pump(readableFromWeb(ret, { objectMode: true }), stream, (err) => this.finishOne(err), end);
    } else if (isIterable(ret)) {
      this.open++;
      pump(ret, stream, (err) => this.finishOne(err), end);
    } else {
      throw invalidArgType('val', ['Readable', 'Iterable', 'AsyncIterable', 'ReadableStream', 'TransformStream'], ret);
    }
  }

  pipe(src, dst, end) {
    let ended = false;
    dst.on('close', () => { if (!ended) this.fail(prematureClose()); });
    src.pipe(dst, { end: false });
    if (end) {
      const endDst = () => {
        ended = true;
        dst.end();
      };
      if (isReadableFinished(src)) process.nextTick(endDst);
      else src.once('end', endDst);
    } else {
      this.finishOne();
    }
    finished(src, { readable: true, writable: false }, (err) => {
      const r = src._readableState;
      if (err?.code === 'ERR_STREAM_PREMATURE_CLOSE' && r?.ended && !r.errored && !r.errorEmitted) {
        // Some streams close before all that they had was read.
        src.once('end', () => this.finishOne()).once('error', (e) => this.finishOne(e));
      } else {
        this.finishOne(err);
      }
    });
    return finished(dst, { readable: false, writable: true }, (err) => this.finishOne(err));
  }

  /** Makes stream fall with the others, and the others with it. */
  watch(stream, reading, writing, isLast) {
    let over = false;
    stream.on('close', () => { over = true; });
    const cleanup = finished(stream, { readable: reading, writable: writing }, (err) => {
      over = !err;
    });
    this.destroys.push({ destroy: (err) => {
      if (over) return;
      over = true;
      destroyer(stream, err || destroyedError('pipe'));
    }, reading });
    if (isReadable(stream) && isLast) this.lastCleanup.push(cleanup);
  }

  /** One of the parts is over. The callback waits for all of them. */
  finishOne(err) { this.settle(err, --this.open === 0); }

  /** Takes all parts down, each of which will say that it is over. */
  fail(err) { this.settle(err, false); }

  settle(err, final) {
    if (err && (!this.error || this.error.code === 'ERR_STREAM_PREMATURE_CLOSE')) this.error = err;
    if (!this.error && !final) return;
    for (const { destroy } of this.destroys.splice(0)) destroy(this.error);
    this.forget();
    this.abort.abort();
    if (!final) return;
    if (!this.error) for (const f of this.lastCleanup) f();
    process.nextTick(this.callback, this.error, this.value);
  }
}

function toAsyncIterable(value) {
  if (isIterable(value)) return value;
  if (isReadableNode(value)) return iterate(value);
  throw invalidArgType('val', ['Readable', 'Iterable', 'AsyncIterable'], value);
}

/** Writes all that iterable yields into writable, at its pace. */
async function pump(iterable, writable, finish, end) {
  let error;
  let wake = null;
  const onresolve = (err) => {
    if (err) error = err;
    if (wake) {
      const f = wake;
      wake = null;
      f();
    }
  };
  const room = () => new Promise((resolve, reject) => {
    if (error) {
      reject(error);
      return;
    }
    wake = () => error ? reject(error) : resolve();
  });
  writable.on('drain', onresolve);
  const cleanup = finished(writable, { readable: false }, onresolve);
  const isAsync = isIterable(iterable, true);
  const iterator = isAsync ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
  try {
    if (writable.writableNeedDrain) await room();
    let exhausted = false;
    try {
      for (;;) {
        const { value, done } = await iterator.next();
        if (done) {
          exhausted = true;
          break;
        }
        if (!writable.write(value)) await room();
      }
    } finally {
      if (!exhausted && typeof iterator.return === 'function') iterator.return()?.catch?.(() => {});
    }
    if (end) {
      writable.end();
      await room();
    }
    finish();
  } catch (err) {
    finish(error !== err && error ? error : err);
  } finally {
    cleanup();
    writable.off('drain', onresolve);
  }
}
