// How streams begin and end: _construct, destroy, and the events error and close after it.
import process from 'node:process';
import { aggregate, abortError, multipleCallback } from 'node:internal/stream/errors';
import { kDestroyed, isDestroyed, isFinished } from 'node:internal/stream/kind';

const kDestroy = Symbol('kDestroy');
const kConstruct = Symbol('kConstruct');

function noteError(err, w, r) {
  if (!err) return;
  err.stack; // it is made lazily, and is of use only when made here
  if (w && !w.errored) w.errored = err;
  if (r && !r.errored) r.errored = err;
}

/** The method destroy of all streams. */
export function destroy(err, cb) {
  const r = this._readableState;
  const w = this._writableState;
  const state = w || r;
  if (w?.destroyed || r?.destroyed) {
    if (typeof cb === 'function') cb();
    return this;
  }
  noteError(err, w, r);
  if (w) w.destroyed = true;
  if (r) r.destroyed = true;
  if (!state.constructed) {
    this.once(kDestroy, (er) => runDestroy(this, aggregate(er, err), cb));
  } else {
    runDestroy(this, err, cb);
  }
  return this;
}

function runDestroy(self, err, cb) {
  let called = false;
  function done(er) {
    if (called) return;
    called = true;
    const r = self._readableState;
    const w = self._writableState;
    noteError(er, w, r);
    if (w) w.closed = true;
    if (r) r.closed = true;
    if (typeof cb === 'function') cb(er);
    process.nextTick(er ? emitErrorAndClose : emitClose, self, er);
  }
  try {
    self._destroy(err || null, done);
  } catch (er) {
    done(er);
  }
}

function emitErrorAndClose(self, err) {
  emitError(self, err);
  emitClose(self);
}

function emitClose(self) {
  const r = self._readableState;
  const w = self._writableState;
  if (w) w.closeEmitted = true;
  if (r) r.closeEmitted = true;
  if (w?.emitClose || r?.emitClose) self.emit('close');
}

function emitError(self, err) {
  const r = self._readableState;
  const w = self._writableState;
  if (w?.errorEmitted || r?.errorEmitted) return;
  if (w) w.errorEmitted = true;
  if (r) r.errorEmitted = true;
  self.emit('error', err);
}

/** Makes a destroyed stream usable again, as some reuse their sockets. */
export function undestroy() {
  const r = this._readableState;
  const w = this._writableState;
  if (r) {
    Object.assign(r, { constructed: true, closed: false, closeEmitted: false, destroyed: false, errored: null,
      errorEmitted: false, reading: false, ended: r.readable === false, endEmitted: r.readable === false });
  }
  if (w) {
    const over = w.writable === false;
    Object.assign(w, { constructed: true, destroyed: false, closed: false, closeEmitted: false, errored: null,
      errorEmitted: false, finalCalled: false, prefinished: false, ended: over, ending: over, finished: over });
  }
}

/** Fails the stream: destroys it when it is one that does so by itself, else only emits the error. */
export function errorOrDestroy(stream, err, sync) {
  const r = stream._readableState;
  const w = stream._writableState;
  if (w?.destroyed || r?.destroyed) return;
  if (r?.autoDestroy || w?.autoDestroy) {
    stream.destroy(err);
  } else if (err) {
    noteError(err, w, r);
    if (sync) process.nextTick(emitError, stream, err);
    else emitError(stream, err);
  }
}

/** Calls _construct, if there is one, and then ready. Until then the stream neither reads nor writes. */
export function construct(stream, ready) {
  if (typeof stream._construct !== 'function') return;
  const r = stream._readableState;
  const w = stream._writableState;
  if (r) r.constructed = false;
  if (w) w.constructed = false;
  stream.once(kConstruct, ready);
  if (stream.listenerCount(kConstruct) > 1) return; // a duplex stream constructs once
  process.nextTick(runConstruct, stream);
}

function runConstruct(stream) {
  let called = false;
  function done(err) {
    if (called) {
      errorOrDestroy(stream, err ?? multipleCallback());
      return;
    }
    called = true;
    const r = stream._readableState;
    const w = stream._writableState;
    const state = w || r;
    if (r) r.constructed = true;
    if (w) w.constructed = true;
    if (state.destroyed) stream.emit(kDestroy, err);
    else if (err) errorOrDestroy(stream, err, true);
    else stream.emit(kConstruct);
  }
  try {
    stream._construct((err) => process.nextTick(done, err));
  } catch (err) {
    process.nextTick(done, err);
  }
}

const isRequest = (s) => s?.setHeader && typeof s.abort === 'function';

/** Destroys any kind of stream, whoever made it. */
export function destroyer(stream, err) {
  if (!stream || isDestroyed(stream)) return;
  if (!err && !isFinished(stream)) err = abortError();
  if (isRequest(stream)) stream.abort();
  else if (isRequest(stream.req)) stream.req.abort();
  else if (typeof stream.destroy === 'function') stream.destroy(err);
  else if (typeof stream.close === 'function') stream.close();
  if (!stream.destroyed) stream[kDestroyed] = true;
}
