// Duplex.from and compose: duplex streams made of other things.
import process from 'node:process';
import { Readable } from 'node:internal/stream/readable';
import { Duplex } from 'node:internal/stream/duplex';
import { destroyer } from 'node:internal/stream/destroy';
import { finished } from 'node:internal/stream/finished';
import { from } from 'node:internal/stream/iterate';
import { run } from 'node:internal/stream/pipeline';
import { abortError, aggregate, invalidArgType, invalidArgValue, invalidReturn, missingArgs, needSignal } from 'node:internal/stream/errors';
import { isDuplexNode, isIterable, isNodeStream, isReadable, isReadableNode, isReadableWeb, isTransformWeb, isWebStream,
  isWritable, isWritableNode, isWritableWeb } from 'node:internal/stream/kind';
import { duplexFromWeb, readableFromWeb, writableFromWeb } from 'node:internal/stream/web';
import { addAbortSignal } from 'node:internal/stream/signal';

/** A Duplex of nearly anything: a stream, an iterable, a function, a promise, a pair. */
export function duplexify(body, name = 'body') {
  if (isDuplexNode(body)) return body;
  if (isReadableNode(body)) return join({ readable: body });
  if (isWritableNode(body)) return join({ writable: body });
  if (isNodeStream(body)) return join({ writable: false, readable: false });
  if (isReadableWeb(body)) return join({ readable: readableFromWeb(body) });
  if (isWritableWeb(body)) return join({ writable: writableFromWeb(body) });
  if (typeof body === 'function') return ofFunction(body, name);
  if (body instanceof Blob) return join({ readable: readableFromWeb(body.stream()) });
  if (isIterable(body)) return join({ readable: from(body, { objectMode: true }) });
  if (typeof body?.readable === 'object' || typeof body?.writable === 'object') {
    if (isTransformWeb(body) && isReadableWeb(body.readable)) return duplexFromWeb(body, { objectMode: true });
    return join({
      readable: body.readable && (isReadableNode(body.readable) ? body.readable : duplexify(body.readable)),
      writable: body.writable && (isWritableNode(body.writable) ? body.writable : duplexify(body.writable)),
    });
  }
  if (typeof body?.then === 'function') {
    let d;
    body.then((value) => {
      if (value != null) d.push(value);
      d.push(null);
    }, (err) => destroyer(d, err));
    d = new Duplex({ objectMode: true, writable: false, read() {} });
    return d;
  }
  throw invalidArgType(name, ['Blob', 'ReadableStream', 'WritableStream', 'Stream', 'Iterable', 'AsyncIterable', 'Function',
    '{ readable, writable } pair', 'Promise'], body);
}

/** A Duplex that gives what it is sent to a function of an async iterable. */
function ofFunction(f, name) {
  let waiting = null;
  const queue = [];
  const send = (item) => {
    if (waiting) {
      waiting(item);
      waiting = null;
    } else {
      queue.push(item);
    }
  };
  const controller = new AbortController();
  const input = {
    async next() {
      const item = queue.length ? queue.shift() : await new Promise((resolve) => { waiting = resolve; });
      if (controller.signal.aborted) throw abortError(controller.signal.reason);
      process.nextTick(item.cb);
      return item.done ? { done: true, value: undefined } : { done: false, value: item.chunk };
    },
    async return(value) { return { done: true, value }; },
    [Symbol.asyncIterator]() { return this; },
  };
  const value = f(input, { signal: controller.signal });
  const sides = {
    write(chunk, encoding, cb) { send({ chunk, cb }); },
    final(cb) { send({ done: true, cb }); },
    destroy(err, cb) {
      controller.abort();
      cb(err);
    },
  };
  if (isIterable(value)) return from(value, { objectMode: true, ...sides }, Duplex);
  if (typeof value?.then === 'function') {
    let d;
    const result = value.then((v) => {
      if (v != null) throw invalidReturn('nully', name, v);
    }, (err) => destroyer(d, err));
    d = new Duplex({ objectMode: true, readable: false, ...sides, final(cb) {
      sides.final(() => result.then(() => process.nextTick(cb, null), (err) => process.nextTick(cb, err)));
    } });
    return d;
  }
  throw invalidReturn('Iterable, AsyncIterable or AsyncFunction', name, value);
}

/** The two callbacks by which a Duplex waits for the streams that it stands before. */
function wire(d, readable, writable, options) {
  let ondrain = null;
  let onfinish = null;
  let onreadable = null;
  let onclose = null;
  const finish = (err) => {
    const cb = onclose;
    onclose = null;
    if (cb) cb(err);
    else if (err) d.destroy(err);
  };
  if (options.writable) {
    d._write = (chunk, encoding, callback) => {
      if (writable.write(chunk, encoding)) callback();
      else ondrain = callback;
    };
    d._final = (callback) => {
      writable.end();
      onfinish = callback;
    };
    writable.on('drain', () => {
      const cb = ondrain;
      ondrain = null;
      cb?.();
    });
    writable.on('finish', () => {
      const cb = onfinish;
      onfinish = null;
      cb?.();
    });
  }
  if (options.readable) {
    readable.on('readable', () => {
      const cb = onreadable;
      onreadable = null;
      cb?.();
    });
    readable.on('end', () => d.push(null));
    d._read = () => {
      for (;;) {
        const chunk = readable.read();
        if (chunk === null) {
          onreadable = d._read;
          return;
        }
        if (!d.push(chunk)) return;
      }
    };
  }
  d._destroy = (err, callback) => {
    if (!err && (onclose !== null || options.pending())) err = abortError();
    onreadable = ondrain = onfinish = null;
    if (options.open()) {
      onclose = callback;
      options.destroy(err);
    } else {
      callback(err);
    }
  };
  return finish;
}

/** A Duplex of a readable and a writable stream, each of which may be missing. */
function join(pair) {
  const r = pair.readable && typeof pair.readable.read !== 'function' ? Readable.prototype.wrap.call(new Readable({ objectMode: true }), pair.readable) : pair.readable;
  const w = pair.writable;
  const readable = !!isReadable(r);
  const writable = !!isWritable(w);
  const d = new Duplex({
    readableObjectMode: !!r?.readableObjectMode, writableObjectMode: !!w?.writableObjectMode, readable, writable,
  });
  let open = 0;
  const finish = wire(d, r, w, {
    readable, writable, pending: () => open > 0, open: () => open > 0,
    destroy(err) {
      if (writable) destroyer(w, err);
      if (readable) destroyer(r, err);
    },
  });
  let error;
  const one = (err) => {
    open--;
    error = aggregate(err, error);
    if (err && readable) destroyer(r, err);
    if (err && writable) destroyer(w, err);
    if (open === 0) finish(error);
  };
  if (writable) {
    open++;
    finished(w, { readable: false }, one);
  }
  if (readable) {
    open++;
    finished(r, { writable: false }, one);
  }
  return d;
}

/** A Duplex that writes into the first of streams and reads from the last. */
export function compose(...streams) {
  if (streams.length === 0) throw missingArgs('streams');
  if (streams.length === 1) return duplexify(streams[0]);
  const given = [...streams];
  if (typeof streams[0] === 'function') streams[0] = duplexify(streams[0]);
  const lastAt = streams.length - 1;
  if (typeof streams[lastAt] === 'function') streams[lastAt] = duplexify(streams[lastAt]);
  streams.forEach((s, n) => {
    if (!isNodeStream(s) && !isWebStream(s)) return;
    if (n < lastAt && !(isReadable(s) || isReadableWeb(s) || isTransformWeb(s))) {
      throw invalidArgValue(`streams[${n}]`, given[n], 'must be readable');
    }
    if (n > 0 && !(isWritable(s) || isWritableWeb(s) || isTransformWeb(s))) {
      throw invalidArgValue(`streams[${n}]`, given[n], 'must be writable');
    }
  });
  streams = streams.map((s) => isTransformWeb(s) ? duplexFromWeb(s, { objectMode: true }) : s);
  let d;
  let finish;
  let over = false;
  const tail = run(streams, (err) => {
    over = true;
    finish(err);
  });
  const head = streams[0];
  const writable = !!isWritable(head);
  const readable = !!isReadable(tail);
  d = new Duplex({
    writableObjectMode: !!head.writableObjectMode, readableObjectMode: !!tail.readableObjectMode, writable, readable,
  });
  finish = wire(d, tail, head, {
    readable, writable, pending: () => false, open: () => !over,
    destroy(err) { if (isNodeStream(tail)) destroyer(tail, err); },
  });
  return d;
}

Duplex.from = (body) => duplexify(body, 'body');

Object.defineProperty(Readable.prototype, 'compose', {
  value(stream, options) {
    if (options?.signal !== undefined) needSignal(options.signal, 'options.signal');
    if (isNodeStream(stream) && !isWritable(stream)) throw invalidArgValue('stream', stream, 'must be writable');
    const composed = compose(this, stream);
    if (options?.signal) addAbortSignal(options.signal, composed);
    return composed;
  },
  enumerable: false, configurable: true, writable: true,
});
