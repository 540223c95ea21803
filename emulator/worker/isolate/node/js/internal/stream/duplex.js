// The classes Duplex, Transform and PassThrough.
import process from 'node:process';
import { Stream } from 'node:internal/stream/legacy';
import { Readable, initReadable, constructedReadable } from 'node:internal/stream/readable';
import { Writable, initWritable, constructedWritable, writableProperties } from 'node:internal/stream/writable';
import { construct } from 'node:internal/stream/destroy';
import { addAbortSignalTo } from 'node:internal/stream/signal';
import { notImplemented } from 'node:internal/stream/errors';

export function Duplex(options) {
  if (!(this instanceof Duplex)) return new Duplex(options);
  initReadable(this, options, true);
  initWritable(this, options, true);
  Stream.call(this, options);
  this.allowHalfOpen = options?.allowHalfOpen !== false;
  if (options?.readable === false) {
    Object.assign(this._readableState, { readable: false, ended: true, endEmitted: true });
  }
  if (options?.writable === false) {
    Object.assign(this._writableState, { writable: false, ending: true, ended: true, finished: true });
  }
  if (options?.signal) addAbortSignalTo(options.signal, this);
  construct(this, () => {
    if (options?.readable !== false) constructedReadable(this);
    if (options?.writable !== false) constructedWritable(this);
  });
}
Object.setPrototypeOf(Duplex.prototype, Readable.prototype);
Object.setPrototypeOf(Duplex, Readable);

for (const name of ['write', 'cork', 'uncork', 'setDefaultEncoding', 'end', '_write', '_writev', 'destroy']) {
  Duplex.prototype[name] = Writable.prototype[name];
}
Object.defineProperties(Duplex.prototype, writableProperties);
Object.defineProperty(Duplex.prototype, 'destroyed', {
  get() { return !!(this._readableState?.destroyed && this._writableState?.destroyed); },
  set(v) {
    if (this._readableState && this._writableState) this._readableState.destroyed = this._writableState.destroyed = v;
  },
  configurable: true,
});

/** Two streams, each of which reads what is written into the other. */
export function duplexPair(options) {
  const sides = [];
  const side = (n) => {
    let callback = null;
    const self = new Duplex({ ...options,
      read() {
        const cb = callback;
        callback = null;
        cb?.();
      },
      write(chunk, encoding, cb) {
        if (chunk.length === 0) process.nextTick(cb);
        else sides[1 - n].feed(chunk, cb);
      },
      final(cb) {
        sides[1 - n].self.on('end', cb);
        sides[1 - n].self.push(null);
      } });
    return { self, feed(chunk, cb) {
      self.push(chunk);
      callback = cb;
    } };
  };
  sides.push(side(0), side(1));
  return sides.map((s) => s.self);
}

const kCallback = Symbol('kCallback');

export function Transform(options) {
  if (!(this instanceof Transform)) return new Transform(options);
  // A readable side of size 0 would never ask for anything: it gets the size of the other.
  if (options?.readableHighWaterMark === 0) {
    options = { ...options, highWaterMark: null, readableHighWaterMark: 0, writableHighWaterMark: options.writableHighWaterMark || 0 };
  }
  Duplex.call(this, options);
  this._readableState.sync = false; // nothing is read before it was written
  this[kCallback] = null;
  if (options) {
    if (typeof options.transform === 'function') this._transform = options.transform;
    if (typeof options.flush === 'function') this._flush = options.flush;
  }
  this.on('prefinish', prefinish);
}
Object.setPrototypeOf(Transform.prototype, Duplex.prototype);
Object.setPrototypeOf(Transform, Duplex);

function prefinish() {
  if (this._final !== final) final.call(this); // a _final of the user's ran in its place
}

function final(cb) {
  if (typeof this._flush !== 'function' || this.destroyed) {
    this.push(null);
    if (cb) cb();
    return;
  }
  this._flush((err, data) => {
    if (err) {
      if (cb) cb(err);
      else this.destroy(err);
      return;
    }
    if (data != null) this.push(data);
    this.push(null);
    if (cb) cb();
  });
}

Transform.prototype._final = final;
Transform.prototype._transform = function _transform() { throw notImplemented('_transform()'); };

Transform.prototype._write = function _write(chunk, encoding, callback) {
  const r = this._readableState;
  const w = this._writableState;
  const { length } = r;
  this._transform(chunk, encoding, (err, value) => {
    if (err) {
      callback(err);
      return;
    }
    if (value != null) this.push(value);
    if (r.ended) {
      process.nextTick(callback); // the rest is taken and forgotten
    } else if (w.ended || length === r.length || r.length < r.highWaterMark) {
      callback();
    } else {
      this[kCallback] = callback; // until someone reads
    }
  });
};

Transform.prototype._read = function _read() {
  const callback = this[kCallback];
  if (!callback) return;
  this[kCallback] = null;
  callback();
};

export function PassThrough(options) {
  if (!(this instanceof PassThrough)) return new PassThrough(options);
  Transform.call(this, options);
}
Object.setPrototypeOf(PassThrough.prototype, Transform.prototype);
Object.setPrototypeOf(PassThrough, Transform);
PassThrough.prototype._transform = function _transform(chunk, encoding, cb) { cb(null, chunk); };
