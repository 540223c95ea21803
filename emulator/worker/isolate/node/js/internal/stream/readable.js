// The class Readable: a buffer that _read fills and that code empties by events, by read or by pipe.
import process from 'node:process';
import { Buffer } from 'node:buffer';
import { StringDecoder } from 'node:string_decoder';
import { Stream } from 'node:internal/stream/legacy';
import { destroy, undestroy, construct, errorOrDestroy } from 'node:internal/stream/destroy';
import { highWaterMarkOf } from 'node:internal/stream/state';
import { addAbortSignalTo } from 'node:internal/stream/signal';
import { invalidArgType, outOfRange, notImplemented, pushAfterEnd, unshiftAfterEnd, abortError } from 'node:internal/stream/errors';
import { pipe, unpipe } from 'node:internal/stream/pipe';

const kPaused = Symbol('kPaused');
const noop = () => {};

export function ReadableState(options, stream, isDuplex) {
  this.objectMode = !!(options?.objectMode || (isDuplex && options?.readableObjectMode));
  this.highWaterMark = highWaterMarkOf(this.objectMode, options, 'readableHighWaterMark', isDuplex);
  this.buffer = [];
  this.length = 0;
  this.pipes = [];
  this.flowing = null;
  this.ended = false;
  this.endEmitted = false;
  this.reading = false;
  this.constructed = true;
  // sync tells whether push came while _read was running: events then wait for the next tick.
  this.sync = true;
  this.needReadable = false;
  this.emittedReadable = false;
  this.readableListening = false;
  this.resumeScheduled = false;
  this[kPaused] = null;
  this.errorEmitted = false;
  this.emitClose = options?.emitClose !== false;
  this.autoDestroy = options?.autoDestroy !== false;
  this.destroyed = false;
  this.errored = null;
  this.closed = false;
  this.closeEmitted = false;
  this.defaultEncoding = options?.defaultEncoding || 'utf8';
  // awaitDrainWriters is the pipe's destination that is full, or with several of them the set of those.
  this.awaitDrainWriters = null;
  this.multiAwaitDrain = false;
  this.readingMore = false;
  this.dataEmitted = false;
  this.decoder = null;
  this.encoding = null;
  if (options?.encoding) {
    this.decoder = new StringDecoder(options.encoding);
    this.encoding = options.encoding;
  }
}

// getReader and other old code look at these.
Object.defineProperties(ReadableState.prototype, {
  pipesCount: { get() { return this.pipes.length; }, configurable: true },
  paused: { get() { return this[kPaused] !== false; }, set(v) { this[kPaused] = !!v; }, configurable: true },
});

export function Readable(options) {
  if (!(this instanceof Readable)) return new Readable(options);
  initReadable(this, options, false);
  Stream.call(this, options);
  construct(this, () => constructedReadable(this));
}
Object.setPrototypeOf(Readable.prototype, Stream.prototype);
Object.setPrototypeOf(Readable, Stream);

/** Gives a stream its readable side; isDuplex says that it has another. */
export function initReadable(stream, options, isDuplex) {
  stream._readableState = new ReadableState(options, stream, isDuplex);
  if (!options) return;
  if (typeof options.read === 'function') stream._read = options.read;
  if (typeof options.destroy === 'function') stream._destroy = options.destroy;
  if (typeof options.construct === 'function') stream._construct = options.construct;
  if (options.signal && !isDuplex) addAbortSignalTo(options.signal, stream);
}

/** Starts what waited for _construct. */
export function constructedReadable(stream) {
  if (stream._readableState.needReadable) maybeReadMore(stream, stream._readableState);
}

Readable.ReadableState = ReadableState;
Readable.prototype.destroy = destroy;
Readable.prototype._undestroy = undestroy;
Readable.prototype._destroy = function _destroy(err, cb) { cb(err); };
Readable.prototype[Symbol.for('nodejs.rejection')] = function (err) { this.destroy(err); };

Readable.prototype.push = function push(chunk, encoding) { return addFrom(this, chunk, encoding, false); };
Readable.prototype.unshift = function unshift(chunk, encoding) { return addFrom(this, chunk, encoding, true); };

/** Takes a chunk from push or unshift and says whether more is wanted. */
function addFrom(stream, chunk, encoding, front) {
  const state = stream._readableState;
  if (chunk === null) {
    state.reading = false;
    onEnd(stream, state);
    return false;
  }
  if (!state.objectMode) {
    if (typeof chunk === 'string') {
      encoding ||= state.defaultEncoding;
      if (state.encoding !== encoding) {
        chunk = Buffer.from(chunk, encoding);
        if (front && state.encoding) chunk = chunk.toString(state.encoding);
        encoding = '';
      }
    } else if (ArrayBuffer.isView(chunk)) {
      if (!(chunk instanceof Buffer)) chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      encoding = '';
    } else {
      errorOrDestroy(stream, invalidArgType('chunk', ['string', 'Buffer', 'TypedArray', 'DataView'], chunk));
      return false;
    }
    if (chunk.length === 0) {
      if (!front) {
        state.reading = false;
        maybeReadMore(stream, state);
      }
      return wantsMore(state);
    }
  }
  if (front) {
    if (state.endEmitted) errorOrDestroy(stream, unshiftAfterEnd());
    else if (state.destroyed || state.errored) return false;
    else addChunk(stream, state, chunk, true);
    return wantsMore(state);
  }
  if (state.ended) {
    errorOrDestroy(stream, pushAfterEnd());
    return wantsMore(state);
  }
  if (state.destroyed || state.errored) return false;
  state.reading = false;
  if (state.decoder && !encoding) {
    chunk = state.decoder.write(chunk);
    if (!state.objectMode && chunk.length === 0) maybeReadMore(stream, state);
    else addChunk(stream, state, chunk, false);
  } else {
    addChunk(stream, state, chunk, false);
  }
  return wantsMore(state);
}

const wantsMore = (state) => !state.ended && (state.length < state.highWaterMark || state.length === 0);

function drained(state) {
  if (state.multiAwaitDrain) state.awaitDrainWriters.clear();
  else state.awaitDrainWriters = null;
}

function addChunk(stream, state, chunk, front) {
  if (state.flowing && state.length === 0 && !state.sync && stream.listenerCount('data') > 0) {
    drained(state);
    state.dataEmitted = true;
    stream.emit('data', chunk);
  } else {
    state.length += state.objectMode ? 1 : chunk.length;
    if (front) state.buffer.unshift(chunk);
    else state.buffer.push(chunk);
    if (state.needReadable) emitReadable(stream);
  }
  maybeReadMore(stream, state);
}

function onEnd(stream, state) {
  if (state.ended) return;
  const rest = state.decoder?.end();
  if (rest?.length) {
    state.buffer.push(rest);
    state.length += state.objectMode ? 1 : rest.length;
  }
  state.ended = true;
  if (state.sync) {
    emitReadable(stream);
  } else {
    state.needReadable = false;
    state.emittedReadable = true;
    emitReadableNow(stream);
  }
}

Readable.prototype.isPaused = function isPaused() {
  const state = this._readableState;
  return state[kPaused] === true || state.flowing === false;
};

Readable.prototype.setEncoding = function setEncoding(encoding) {
  const state = this._readableState;
  const decoder = new StringDecoder(encoding);
  state.decoder = decoder;
  state.encoding = decoder.encoding;
  let content = '';
  for (const chunk of state.buffer) content += decoder.write(chunk);
  state.buffer = content === '' ? [] : [content];
  state.length = content.length;
  return this;
};

const maxHighWaterMark = 0x40000000;

/** The next power of two, so that a read of much raises the mark in few steps. */
function raisedMark(n) {
  if (n > maxHighWaterMark) throw outOfRange('size', '<= 1GiB', n);
  let mark = 1;
  while (mark < n) mark *= 2;
  return mark;
}

function readable(n, state) {
  if (n <= 0 || (state.length === 0 && state.ended)) return 0;
  if (state.objectMode) return 1;
  if (Number.isNaN(n)) return state.flowing && state.length ? state.buffer[0].length : state.length;
  if (n <= state.length) return n;
  return state.ended ? state.length : 0;
}

Readable.prototype.read = function read(n) {
  if (n === undefined) n = NaN;
  else if (!Number.isInteger(n)) n = Number.parseInt(n, 10);
  const state = this._readableState;
  const asked = n;
  if (n > state.highWaterMark) state.highWaterMark = raisedMark(n);
  if (n !== 0) state.emittedReadable = false;
  if (n === 0 && state.needReadable &&
      ((state.highWaterMark !== 0 ? state.length >= state.highWaterMark : state.length > 0) || state.ended)) {
    if (state.length === 0 && state.ended) endReadable(this);
    else emitReadable(this);
    return null;
  }
  n = readable(n, state);
  if (n === 0 && state.ended) {
    if (state.length === 0) endReadable(this);
    return null;
  }
  let fill = state.needReadable || state.length === 0 || state.length - n < state.highWaterMark;
  if (state.ended || state.reading || state.destroyed || state.errored || !state.constructed) fill = false;
  if (fill) {
    state.reading = true;
    state.sync = true;
    if (state.length === 0) state.needReadable = true;
    try {
      this._read(state.highWaterMark);
    } catch (err) {
      errorOrDestroy(this, err);
    }
    state.sync = false;
    if (!state.reading) n = readable(asked, state); // it pushed at once
  }
  const ret = n > 0 ? take(n, state) : null;
  if (ret === null) {
    state.needReadable = state.length <= state.highWaterMark;
    n = 0;
  } else {
    state.length -= n;
    drained(state);
  }
  if (state.length === 0) {
    if (!state.ended) state.needReadable = true;
    if (asked !== n && state.ended) endReadable(this);
  }
  if (ret !== null && !state.errorEmitted && !state.closeEmitted) {
    state.dataEmitted = true;
    this.emit('data', ret);
  }
  return ret;
};

/** Takes n bytes or characters, or one object, off the buffer. */
function take(n, state) {
  const { buffer } = state;
  if (state.length === 0) return null;
  if (state.objectMode) return buffer.shift();
  if (!n || n >= state.length) {
    const all = buffer.splice(0);
    if (state.decoder) return all.join('');
    return all.length === 1 ? all[0] : Buffer.concat(all, state.length);
  }
  const parts = [];
  while (n > 0) {
    const first = buffer[0];
    if (first.length <= n) {
      parts.push(buffer.shift());
      n -= first.length;
    } else {
      parts.push(first.slice(0, n));
      buffer[0] = first.slice(n);
      n = 0;
    }
  }
  if (state.decoder) return parts.join('');
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}

function emitReadable(stream) {
  const state = stream._readableState;
  state.needReadable = false;
  if (state.emittedReadable) return;
  state.emittedReadable = true;
  process.nextTick(emitReadableNow, stream);
}

function emitReadableNow(stream) {
  const state = stream._readableState;
  if (!state.destroyed && !state.errored && (state.length || state.ended)) {
    stream.emit('readable');
    state.emittedReadable = false;
  }
  state.needReadable = !state.flowing && !state.ended && state.length <= state.highWaterMark;
  flow(stream);
}

function maybeReadMore(stream, state) {
  if (state.readingMore || !state.constructed) return;
  state.readingMore = true;
  process.nextTick(readMore, stream, state);
}

function readMore(stream, state) {
  while (!state.reading && !state.ended &&
         (state.length < state.highWaterMark || (state.flowing && state.length === 0))) {
    const before = state.length;
    stream.read(0);
    if (before === state.length) break;
  }
  state.readingMore = false;
}

Readable.prototype._read = function _read() { throw notImplemented('_read()'); };
Readable.prototype.pipe = pipe;
Readable.prototype.unpipe = unpipe;

Readable.prototype.on = function on(event, f) {
  const result = Stream.prototype.on.call(this, event, f);
  const state = this._readableState;
  if (event === 'data') {
    state.readableListening = this.listenerCount('readable') > 0;
    if (state.flowing !== false) this.resume();
  } else if (event === 'readable' && !state.endEmitted && !state.readableListening) {
    state.readableListening = state.needReadable = true;
    state.flowing = false;
    state.emittedReadable = false;
    if (state.length) emitReadable(this);
    else if (!state.reading) process.nextTick((self) => self.read(0), this);
  }
  return result;
};
Readable.prototype.addListener = Readable.prototype.on;

Readable.prototype.removeListener = function removeListener(event, f) {
  const result = Stream.prototype.removeListener.call(this, event, f);
  if (event === 'readable') process.nextTick(updateListening, this);
  return result;
};
Readable.prototype.off = Readable.prototype.removeListener;

Readable.prototype.removeAllListeners = function removeAllListeners(event) {
  const result = Stream.prototype.removeAllListeners.apply(this, arguments);
  if (event === 'readable' || event === undefined) process.nextTick(updateListening, this);
  return result;
};

function updateListening(self) {
  const state = self._readableState;
  state.readableListening = self.listenerCount('readable') > 0;
  if (state.resumeScheduled && state[kPaused] === false) state.flowing = true;
  else if (self.listenerCount('data') > 0) self.resume();
  else if (!state.readableListening) state.flowing = null;
}

Readable.prototype.resume = function resume() {
  const state = this._readableState;
  if (!state.flowing) {
    state.flowing = !state.readableListening;
    if (!state.resumeScheduled) {
      state.resumeScheduled = true;
      process.nextTick(resumeNow, this, state);
    }
  }
  state[kPaused] = false;
  return this;
};

function resumeNow(stream, state) {
  if (!state.reading) stream.read(0);
  state.resumeScheduled = false;
  stream.emit('resume');
  flow(stream);
  if (state.flowing && !state.reading) stream.read(0);
}

Readable.prototype.pause = function pause() {
  const state = this._readableState;
  if (state.flowing !== false) {
    state.flowing = false;
    this.emit('pause');
  }
  state[kPaused] = true;
  return this;
};

function flow(stream) {
  const state = stream._readableState;
  while (state.flowing && stream.read() !== null);
}

/** Lets an old-style stream, which only emits events, feed this one. */
Readable.prototype.wrap = function wrap(old) {
  let paused = false;
  old.on('data', (chunk) => {
    if (!this.push(chunk) && old.pause) {
      paused = true;
      old.pause();
    }
  });
  old.on('end', () => this.push(null));
  old.on('error', (err) => errorOrDestroy(this, err));
  old.on('close', () => this.destroy());
  old.on('destroy', () => this.destroy());
  this._read = () => {
    if (paused && old.resume) {
      paused = false;
      old.resume();
    }
  };
  for (const key of Object.keys(old)) {
    if (this[key] === undefined && typeof old[key] === 'function') this[key] = old[key].bind(old);
  }
  return this;
};

function endReadable(stream) {
  const state = stream._readableState;
  if (state.endEmitted) return;
  state.ended = true;
  process.nextTick(endReadableNow, state, stream);
}

function endReadableNow(state, stream) {
  if (state.errored || state.closeEmitted || state.endEmitted || state.length !== 0) return;
  state.endEmitted = true;
  stream.emit('end');
  if (stream.writable && stream.allowHalfOpen === false) {
    process.nextTick(() => {
      if (stream.writable && !stream.writableEnded && !stream.destroyed) stream.end();
    });
  } else if (state.autoDestroy) {
    const w = stream._writableState;
    if (!w || (w.autoDestroy && (w.finished || w.writable === false))) stream.destroy();
  }
}

/** A property that reads the state, and may be written when set is given. */
const property = (get, set, enumerable = false) => ({ get, set, enumerable, configurable: true });

Object.defineProperties(Readable.prototype, {
  readable: property(function () {
    const r = this._readableState;
    return !!r && r.readable !== false && !r.destroyed && !r.errorEmitted && !r.endEmitted;
  }, function (v) { if (this._readableState) this._readableState.readable = !!v; }),
  readableDidRead: property(function () { return this._readableState.dataEmitted; }),
  readableAborted: property(function () {
    const r = this._readableState;
    return !!(r.readable !== false && (r.destroyed || r.errored) && !r.endEmitted);
  }),
  readableHighWaterMark: property(function () { return this._readableState.highWaterMark; }),
  readableBuffer: property(function () { return this._readableState?.buffer; }),
  readableFlowing: property(function () { return this._readableState.flowing; },
    function (v) { if (this._readableState) this._readableState.flowing = v; }),
  readableLength: property(function () { return this._readableState.length; }),
  readableObjectMode: property(function () { return this._readableState ? this._readableState.objectMode : false; }),
  readableEncoding: property(function () { return this._readableState ? this._readableState.encoding : null; }),
  errored: property(function () { return this._readableState ? this._readableState.errored : null; }),
  closed: property(function () { return this._readableState ? this._readableState.closed : false; }),
  destroyed: property(function () { return this._readableState ? this._readableState.destroyed : false; },
    function (v) { if (this._readableState) this._readableState.destroyed = v; }),
  readableEnded: property(function () { return this._readableState ? this._readableState.endEmitted : false; }),
});

Readable._fromList = take;

if (Symbol.asyncDispose) {
  Readable.prototype[Symbol.asyncDispose] = function () {
    let err = null;
    if (!this.destroyed) {
      err = this.readableEnded ? null : abortError();
      this.destroy(err);
    }
    return new Promise((resolve, reject) => {
      if (this.closed) {
        resolve();
        return;
      }
      this.on('error', noop);
      this.once('close', () => this.errored && this.errored !== err ? reject(this.errored) : resolve());
    });
  };
}
