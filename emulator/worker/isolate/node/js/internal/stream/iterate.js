// Readable as an async iterable, and Readable.from.
import process from 'node:process';
import { Buffer } from 'node:buffer';
import { Readable } from 'node:internal/stream/readable';
import { destroyer } from 'node:internal/stream/destroy';
import { finished } from 'node:internal/stream/finished';
import { aggregate, invalidArgType, needObject, nullValues } from 'node:internal/stream/errors';

/**
 * An async iterator of the stream's chunks. Its return destroys the stream, unless destroyOnReturn is
 * false. Written by hand, as the engine has no async generators: calls of next wait for one another.
 */
export function iterate(stream, options) {
  if (typeof stream.read !== 'function') stream = Readable.prototype.wrap.call(new Readable({ objectMode: true }), stream);
  let started = false;
  let wake = () => {};
  let error; // undefined while nothing has happened, null at the end
  let cleanup = () => {};
  let over = false;
  let queue = Promise.resolve();
  let waiting = 0;

  function start() {
    started = true;
    stream.on('readable', onreadable);
    cleanup = finished(stream, { writable: false }, (err) => {
      error = err ? aggregate(error, err) : null;
      wake();
      wake = () => {};
    });
  }
  function onreadable() {
    wake();
    wake = () => {};
  }
  function stop(err) {
    over = true;
    if ((err || options?.destroyOnReturn !== false) && (error === undefined || stream._readableState?.autoDestroy)) {
      destroyer(stream, null);
    } else if (started) {
      stream.removeListener('readable', onreadable);
      cleanup();
    }
  }
  async function next() {
    if (over) return { done: true, value: undefined };
    if (!started) start();
    for (;;) {
      const chunk = stream.destroyed ? null : stream.read();
      if (chunk !== null) return { done: false, value: chunk };
      if (error) {
        const err = error;
        stop(err);
        throw err;
      }
      if (error === null) {
        stop();
        return { done: true, value: undefined };
      }
      await new Promise((resolve) => { wake = resolve; });
    }
  }
  // One at a time; the first begins at once, so that no event is missed that comes before the next tick.
  const inTurn = (f) => {
    const result = waiting === 0 ? f() : queue.then(f);
    waiting++;
    queue = result.catch(() => {}).then(() => { waiting--; });
    return result;
  };
  return {
    stream,
    next: () => inTurn(next),
    return: (value) => inTurn(async () => {
      if (!over) {
        if (started) stop();
        else over = true;
      }
      return { done: true, value };
    }),
    throw: (err) => inTurn(async () => {
      if (!over) stop(err);
      throw err;
    }),
    [Symbol.asyncIterator]() { return this; },
  };
}

Readable.prototype[Symbol.asyncIterator] = function () { return iterate(this); };

Readable.prototype.iterator = function iterator(options) {
  if (options !== undefined) needObject(options, 'options');
  return iterate(this, options);
};

/** A stream, of the class, of what iterable yields: one chunk for a string or a Buffer. */
export function from(iterable, options, Class = Readable) {
  if (typeof iterable === 'string' || iterable instanceof Buffer) {
    return new Class({ objectMode: true, ...options, read() {
      this.push(iterable);
      this.push(null);
    } });
  }
  const isAsync = typeof iterable?.[Symbol.asyncIterator] === 'function';
  if (!isAsync && typeof iterable?.[Symbol.iterator] !== 'function') throw invalidArgType('iterable', 'Iterable', iterable);
  const iterator = isAsync ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
  const stream = new Class({ objectMode: true, highWaterMark: 1, ...options });
  let reading = false;
  stream._read = function () {
    if (reading) return;
    reading = true;
    pump();
  };
  const destroy = stream._destroy;
  stream._destroy = function (err, cb) {
    destroy.call(this, err, () => {});
    close(err).then(() => process.nextTick(cb, err), (e) => process.nextTick(cb, e || err));
  };
  async function close(err) {
    if (err != null && typeof iterator.throw === 'function') {
      const { value, done } = await iterator.throw(err);
      await value;
      if (done) return;
    }
    if (typeof iterator.return === 'function') {
      const { value } = await iterator.return();
      await value;
    }
  }
  async function pump() {
    for (;;) {
      try {
        const { value, done } = isAsync ? await iterator.next() : iterator.next();
        if (done) {
          stream.push(null);
        } else {
          const chunk = typeof value?.then === 'function' ? await value : value;
          if (chunk === null) {
            reading = false;
            throw nullValues();
          }
          if (stream.push(chunk)) continue;
          reading = false;
        }
      } catch (err) {
        stream.destroy(err);
      }
      return;
    }
  }
  return stream;
}
Readable.from = (iterable, options) => from(iterable, options);
