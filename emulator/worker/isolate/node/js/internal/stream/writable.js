// The class Writable: chunks wait in a buffer while _write is busy.
import process from 'node:process';
import { Buffer } from 'node:buffer';
import { Stream } from 'node:internal/stream/legacy';
import { destroy, undestroy, construct, errorOrDestroy } from 'node:internal/stream/destroy';
import { highWaterMarkOf } from 'node:internal/stream/state';
import { addAbortSignalTo } from 'node:internal/stream/signal';
import { invalidArgType, notImplemented, multipleCallback, destroyedError, alreadyFinished, cannotPipe, nullValues,
  writeAfterEnd, unknownEncoding, abortError } from 'node:internal/stream/errors';

const noop = () => {};
const kOnFinished = Symbol('kOnFinished');

export function WritableState(options, stream, isDuplex) {
  this.objectMode = !!(options?.objectMode || (isDuplex && options?.writableObjectMode));
  this.highWaterMark = highWaterMarkOf(this.objectMode, options, 'writableHighWaterMark', isDuplex);
  this.finalCalled = false;
  this.needDrain = false;
  this.ending = false;
  this.ended = false;
  this.finished = false;
  this.destroyed = false;
  this.decodeStrings = options?.decodeStrings !== false;
  this.defaultEncoding = options?.defaultEncoding || 'utf8';
  this.length = 0;
  this.writing = false;
  this.corked = 0;
  // sync tells whether the callback of _write came while it was running.
  this.sync = true;
  this.bufferProcessing = false;
  this.onwrite = (err) => onwrite(stream, err);
  this.writecb = null;
  this.writelen = 0;
  this.afterWriteTickInfo = null;
  this.buffered = [];
  this.allBuffers = true;
  // pendingcb counts the callbacks that must be called before finish.
  this.pendingcb = 0;
  this.constructed = true;
  this.prefinished = false;
  this.errorEmitted = false;
  this.emitClose = options?.emitClose !== false;
  this.autoDestroy = options?.autoDestroy !== false;
  this.errored = null;
  this.closed = false;
  this.closeEmitted = false;
  this[kOnFinished] = [];
}

WritableState.prototype.getBuffer = function getBuffer() { return this.buffered.slice(); };
Object.defineProperty(WritableState.prototype, 'bufferedRequestCount', { get() { return this.buffered.length; }, configurable: true });

export function Writable(options) {
  if (!(this instanceof Writable)) return new Writable(options);
  initWritable(this, options, false);
  Stream.call(this, options);
  construct(this, () => constructedWritable(this));
}
Object.setPrototypeOf(Writable.prototype, Stream.prototype);
Object.setPrototypeOf(Writable, Stream);

/** Gives a stream its writable side; isDuplex says that it has another. */
export function initWritable(stream, options, isDuplex) {
  stream._writableState = new WritableState(options, stream, isDuplex);
  if (!options) return;
  if (typeof options.write === 'function') stream._write = options.write;
  if (typeof options.writev === 'function') stream._writev = options.writev;
  if (typeof options.destroy === 'function') stream._destroy = options.destroy;
  if (typeof options.final === 'function') stream._final = options.final;
  if (typeof options.construct === 'function') stream._construct = options.construct;
  if (options.signal && !isDuplex) addAbortSignalTo(options.signal, stream);
}

/** Starts what waited for _construct. */
export function constructedWritable(stream) {
  const state = stream._writableState;
  if (!state.writing) clearBuffer(stream, state);
  finishMaybe(stream, state);
}

// A duplex stream is a Writable by its state, as it descends from Readable only.
Object.defineProperty(Writable, Symbol.hasInstance, {
  value(object) {
    if (Function.prototype[Symbol.hasInstance].call(this, object)) return true;
    return this === Writable && !!object && object._writableState instanceof WritableState;
  },
});

Writable.WritableState = WritableState;
Writable.prototype.pipe = function pipe() { errorOrDestroy(this, cannotPipe()); };

/** Takes one chunk: true for room for more, false for a full buffer, an error when it was refused. */
function accept(stream, chunk, encoding, cb) {
  const state = stream._writableState;
  if (typeof encoding === 'function') {
    cb = encoding;
    encoding = state.defaultEncoding;
  } else {
    if (!encoding) encoding = state.defaultEncoding;
    else if (encoding !== 'buffer' && !Buffer.isEncoding(encoding)) throw unknownEncoding(encoding);
    if (typeof cb !== 'function') cb = noop;
  }
  if (chunk === null) throw nullValues();
  if (!state.objectMode) {
    if (typeof chunk === 'string') {
      if (state.decodeStrings !== false) {
        chunk = Buffer.from(chunk, encoding);
        encoding = 'buffer';
      }
    } else if (chunk instanceof Buffer) {
      encoding = 'buffer';
    } else if (ArrayBuffer.isView(chunk)) {
      chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      encoding = 'buffer';
    } else {
      throw invalidArgType('chunk', ['string', 'Buffer', 'TypedArray', 'DataView'], chunk);
    }
  }
  let err;
  if (state.ending) err = writeAfterEnd();
  else if (state.destroyed) err = destroyedError('write');
  if (err) {
    process.nextTick(cb, err);
    errorOrDestroy(stream, err, true);
    return err;
  }
  state.pendingcb++;
  return writeOrBuffer(stream, state, chunk, encoding, cb);
}

Writable.prototype.write = function write(chunk, encoding, cb) {
  return accept(this, chunk, encoding, cb) === true;
};

Writable.prototype.cork = function cork() { this._writableState.corked++; };
Writable.prototype.uncork = function uncork() {
  const state = this._writableState;
  if (!state.corked) return;
  state.corked--;
  if (!state.writing) clearBuffer(this, state);
};

Writable.prototype.setDefaultEncoding = function setDefaultEncoding(encoding) {
  if (typeof encoding === 'string') encoding = encoding.toLowerCase();
  if (!Buffer.isEncoding(encoding)) throw unknownEncoding(encoding);
  this._writableState.defaultEncoding = encoding;
  return this;
};

function writeOrBuffer(stream, state, chunk, encoding, callback) {
  const length = state.objectMode ? 1 : chunk.length;
  state.length += length;
  const room = state.length < state.highWaterMark;
  if (!room) state.needDrain = true;
  if (state.writing || state.corked || state.errored || !state.constructed) {
    state.buffered.push({ chunk, encoding, callback });
    if (encoding !== 'buffer') state.allBuffers = false;
  } else {
    startWrite(stream, state, length, callback, () => stream._write(chunk, encoding, state.onwrite));
  }
  return room && !state.errored && !state.destroyed;
}

function startWrite(stream, state, length, cb, write) {
  state.writelen = length;
  state.writecb = cb;
  state.writing = true;
  state.sync = true;
  if (state.destroyed) state.onwrite(destroyedError('write'));
  else write();
  state.sync = false;
}

function onwrite(stream, err) {
  const state = stream._writableState;
  const { sync, writecb: cb } = state;
  if (typeof cb !== 'function') {
    errorOrDestroy(stream, multipleCallback());
    return;
  }
  state.writing = false;
  state.writecb = null;
  state.length -= state.writelen;
  state.writelen = 0;
  if (err) {
    err.stack; // it is made lazily, and is of use only when made here
    if (!state.errored) state.errored = err;
    if (stream._readableState && !stream._readableState.errored) stream._readableState.errored = err;
    if (sync) process.nextTick(onwriteError, stream, state, err, cb);
    else onwriteError(stream, state, err, cb);
    return;
  }
  if (state.buffered.length > 0) clearBuffer(stream, state);
  if (!sync) {
    afterWrite(stream, state, 1, cb);
  } else if (state.afterWriteTickInfo?.cb === cb) {
    state.afterWriteTickInfo.count++; // many writes without callbacks share one tick
  } else {
    const info = state.afterWriteTickInfo = { count: 1, cb };
    process.nextTick(() => {
      if (state.afterWriteTickInfo === info) state.afterWriteTickInfo = null;
      afterWrite(stream, state, info.count, cb);
    });
  }
}

function onwriteError(stream, state, err, cb) {
  --state.pendingcb;
  cb(err);
  dropBuffer(state);
  errorOrDestroy(stream, err);
}

function afterWrite(stream, state, count, cb) {
  if (!state.ending && !stream.destroyed && state.length === 0 && state.needDrain) {
    state.needDrain = false;
    stream.emit('drain');
  }
  while (count-- > 0) {
    state.pendingcb--;
    cb(null);
  }
  if (state.destroyed) dropBuffer(state);
  finishMaybe(stream, state);
}

/** Tells those who wait for chunks that will never be written, or for the finish. */
function dropBuffer(state) {
  if (state.writing) return;
  for (const { chunk, callback } of state.buffered.splice(0)) {
    state.length -= state.objectMode ? 1 : chunk.length;
    callback(state.errored ?? destroyedError('write'));
  }
  callOnFinished(state, state.errored ?? destroyedError('end'));
  state.allBuffers = true;
}

function callOnFinished(state, err) {
  for (const f of state[kOnFinished].splice(0)) f(err);
}

/** Writes what is buffered: in one go when there is _writev, else until a write is not done at once. */
function clearBuffer(stream, state) {
  if (state.corked || state.bufferProcessing || state.destroyed || !state.constructed || state.buffered.length === 0) return;
  state.bufferProcessing = true;
  if (state.buffered.length > 1 && stream._writev) {
    const chunks = state.buffered.splice(0);
    state.pendingcb -= chunks.length - 1;
    chunks.allBuffers = state.allBuffers;
    state.allBuffers = true;
    const callback = (err) => { for (const c of chunks) c.callback(err); };
    startWrite(stream, state, state.length, callback, () => stream._writev(chunks, state.onwrite));
  } else {
    let at = 0;
    const { buffered } = state;
    do {
      const { chunk, encoding, callback } = buffered[at++];
      startWrite(stream, state, state.objectMode ? 1 : chunk.length, callback, () => stream._write(chunk, encoding, state.onwrite));
    } while (at < buffered.length && !state.writing);
    buffered.splice(0, at);
    if (buffered.length === 0) state.allBuffers = true;
  }
  state.bufferProcessing = false;
}

Writable.prototype._write = function _write(chunk, encoding, cb) {
  if (!this._writev) throw notImplemented('_write()');
  this._writev([{ chunk, encoding }], cb);
};
Writable.prototype._writev = null;

Writable.prototype.end = function end(chunk, encoding, cb) {
  const state = this._writableState;
  if (typeof chunk === 'function') {
    cb = chunk;
    chunk = encoding = null;
  } else if (typeof encoding === 'function') {
    cb = encoding;
    encoding = null;
  }
  let err;
  if (chunk !== null && chunk !== undefined) {
    const ret = accept(this, chunk, encoding);
    if (ret instanceof Error) err = ret;
  }
  if (state.corked) {
    state.corked = 1;
    this.uncork();
  }
  if (err) {
    // The write has said so.
  } else if (!state.errored && !state.ending) {
    state.ending = true;
    finishMaybe(this, state, true);
    state.ended = true;
  } else if (state.finished) {
    err = alreadyFinished('end');
  } else if (state.destroyed) {
    err = destroyedError('end');
  }
  if (typeof cb === 'function') {
    if (err) process.nextTick(cb, err);
    else if (state.errored) process.nextTick(cb, state.errored);
    else if (state.finished) process.nextTick(cb);
    else state[kOnFinished].push(cb);
  }
  return this;
};

const needFinish = (state) => state.ending && !state.destroyed && state.constructed && state.length === 0 &&
  !state.errored && state.buffered.length === 0 && !state.finished && !state.writing && !state.errorEmitted && !state.closeEmitted;

function finishMaybe(stream, state, sync) {
  if (!needFinish(state)) return;
  prefinish(stream, state);
  if (state.pendingcb !== 0) return;
  if (sync) {
    state.pendingcb++;
    process.nextTick(() => {
      if (needFinish(state)) finish(stream, state);
      else state.pendingcb--;
    });
  } else if (needFinish(state)) {
    state.pendingcb++;
    finish(stream, state);
  }
}

function prefinish(stream, state) {
  if (state.prefinished || state.finalCalled) return;
  if (typeof stream._final === 'function' && !state.destroyed) {
    state.finalCalled = true;
    callFinal(stream, state);
  } else {
    state.prefinished = true;
    stream.emit('prefinish');
  }
}

function callFinal(stream, state) {
  let called = false;
  function done(err) {
    if (called) {
      errorOrDestroy(stream, err ?? multipleCallback());
      return;
    }
    called = true;
    state.pendingcb--;
    if (err) {
      callOnFinished(state, err);
      errorOrDestroy(stream, err, state.sync);
    } else if (needFinish(state)) {
      state.prefinished = true;
      stream.emit('prefinish');
      // A tick later, as _final may have been called by end, whose caller has not seen it return yet.
      state.pendingcb++;
      process.nextTick(finish, stream, state);
    }
  }
  state.sync = true;
  state.pendingcb++;
  try {
    stream._final(done);
  } catch (err) {
    done(err);
  }
  state.sync = false;
}

function finish(stream, state) {
  state.pendingcb--;
  state.finished = true;
  callOnFinished(state, null);
  stream.emit('finish');
  if (!state.autoDestroy) return;
  const r = stream._readableState;
  if (!r || (r.autoDestroy && (r.endEmitted || r.readable === false))) stream.destroy();
}

Writable.prototype.destroy = function (err, cb) {
  const state = this._writableState;
  if (!state.destroyed && (state.buffered.length > 0 || state[kOnFinished].length > 0)) process.nextTick(dropBuffer, state);
  destroy.call(this, err, cb);
  return this;
};
Writable.prototype._undestroy = undestroy;
Writable.prototype._destroy = function _destroy(err, cb) { cb(err); };
Writable.prototype[Symbol.for('nodejs.rejection')] = function (err) { this.destroy(err); };

const property = (get, set) => ({ get, set, enumerable: false, configurable: true });
const flag = (name) => property(function () { return this._writableState ? this._writableState[name] : false; });

/** The accessors of the writable side, which Duplex takes over. */
export const writableProperties = {
  writable: property(function () {
    const w = this._writableState;
    return !!w && w.writable !== false && !w.destroyed && !w.errored && !w.ending && !w.ended;
  }, function (v) { if (this._writableState) this._writableState.writable = !!v; }),
  writableFinished: flag('finished'),
  writableObjectMode: flag('objectMode'),
  writableEnded: flag('ending'),
  writableBuffer: property(function () { return this._writableState?.getBuffer(); }),
  writableNeedDrain: property(function () {
    const w = this._writableState;
    return !!w && !w.destroyed && !w.ending && w.needDrain;
  }),
  writableHighWaterMark: property(function () { return this._writableState?.highWaterMark; }),
  writableCorked: property(function () { return this._writableState ? this._writableState.corked : 0; }),
  writableLength: property(function () { return this._writableState?.length; }),
};
Object.defineProperties(Writable.prototype, writableProperties);
Object.defineProperties(Writable.prototype, {
  closed: flag('closed'),
  destroyed: property(function () { return this._writableState ? this._writableState.destroyed : false; },
    function (v) { if (this._writableState) this._writableState.destroyed = v; }),
  errored: property(function () { return this._writableState ? this._writableState.errored : null; }),
  writableAborted: property(function () {
    const w = this._writableState;
    return !!(w.writable !== false && (w.destroyed || w.errored) && !w.finished);
  }),
});

if (Symbol.asyncDispose) {
  Writable.prototype[Symbol.asyncDispose] = function () {
    if (!this.destroyed) this.destroy(this.writableFinished ? null : abortError());
    return new Promise((resolve) => this.closed ? resolve() : this.on('error', noop).once('close', () => resolve()));
  };
}
