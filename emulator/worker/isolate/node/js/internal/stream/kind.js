// What a stream is and how far it has come, told from its state or, for streams of other makers,
// from its shape.

const isFunction = (f) => typeof f === 'function';

/** Marks streams whose class is not ours as disturbed or the like. */
export const kDestroyed = Symbol('kDestroyed');

export const isReadableNode = (s, strict = false) => !!(s && isFunction(s.pipe) && isFunction(s.on) &&
  (!strict || (isFunction(s.pause) && isFunction(s.resume))) &&
  (!s._writableState || s._readableState?.readable !== false) && (!s._writableState || s._readableState));
export const isWritableNode = (s) => !!(s && isFunction(s.write) && isFunction(s.on) &&
  (!s._readableState || s._writableState?.writable !== false));
export const isDuplexNode = (s) => !!(s && isFunction(s.pipe) && s._readableState && isFunction(s.on) && isFunction(s.write));
export const isNodeStream = (s) => !!(s && (s._readableState || s._writableState ||
  (isFunction(s.write) && isFunction(s.on)) || (isFunction(s.pipe) && isFunction(s.on))));
export const isReadableWeb = (s) => !!(s && !isNodeStream(s) && isFunction(s.pipeThrough) && isFunction(s.getReader) && isFunction(s.cancel));
export const isWritableWeb = (s) => !!(s && !isNodeStream(s) && isFunction(s.getWriter) && isFunction(s.abort));
export const isTransformWeb = (s) => !!(s && !isNodeStream(s) && typeof s.readable === 'object' && typeof s.writable === 'object');
export const isWebStream = (s) => isReadableWeb(s) || isWritableWeb(s) || isTransformWeb(s);

/** Whether the value can be iterated; kind is true for asynchronously, false for synchronously only. */
export function isIterable(value, kind) {
  if (value == null) return false;
  if (kind === true) return isFunction(value[Symbol.asyncIterator]);
  if (kind === false) return isFunction(value[Symbol.iterator]);
  return isFunction(value[Symbol.asyncIterator]) || isFunction(value[Symbol.iterator]);
}

export function isDestroyed(s) {
  if (!isNodeStream(s)) return null;
  const state = s._writableState || s._readableState;
  return !!(s.destroyed || s[kDestroyed] || state?.destroyed);
}

export function isWritableEnded(s) {
  if (!isWritableNode(s)) return null;
  if (s.writableEnded === true) return true;
  const w = s._writableState;
  if (w?.errored) return false;
  return typeof w?.ended === 'boolean' ? w.ended : null;
}

export function isWritableFinished(s, strict) {
  if (!isWritableNode(s)) return null;
  if (s.writableFinished === true) return true;
  const w = s._writableState;
  if (w?.errored) return false;
  if (typeof w?.finished !== 'boolean') return null;
  return w.finished || (strict === false && w.ended === true && w.length === 0);
}

export function isReadableFinished(s, strict) {
  if (!isReadableNode(s)) return null;
  const r = s._readableState;
  if (r?.errored) return false;
  if (typeof r?.endEmitted !== 'boolean') return null;
  return r.endEmitted || (strict === false && r.ended === true && r.length === 0);
}

export function isReadable(s) {
  if (isReadableWeb(s)) return s[Symbol.for('nodejs.stream.readable')] ?? null;
  if (typeof s?.readable !== 'boolean') return null;
  return !isDestroyed(s) && isReadableNode(s) && s.readable && !isReadableFinished(s);
}

export function isWritable(s) {
  if (typeof s?.writable !== 'boolean') return null;
  return !isDestroyed(s) && isWritableNode(s) && s.writable && !isWritableEnded(s);
}

/** Whether both sides are over; opts may leave one out of account. */
export function isFinished(s, opts) {
  if (!isNodeStream(s)) return null;
  return isDestroyed(s) ||
    ((opts?.readable === false || !isReadable(s)) && (opts?.writable === false || !isWritable(s)));
}

export function isClosed(s) {
  if (!isNodeStream(s)) return null;
  if (typeof s.closed === 'boolean') return s.closed;
  const w = s._writableState;
  const r = s._readableState;
  return typeof w?.closed === 'boolean' || typeof r?.closed === 'boolean' ? !!(w?.closed || r?.closed) : null;
}

export function isErrored(s) {
  return !!(s && (s[Symbol.for('nodejs.stream.errored')] ?? s.readableErrored ?? s.writableErrored ??
    s._readableState?.errorEmitted ?? s._writableState?.errorEmitted));
}

export function isDisturbed(s) {
  return !!(s && (s[Symbol.for('nodejs.stream.disturbed')] ?? (s.readableDidRead || s.readableAborted)));
}

/** Whether the stream will emit close: null when nobody can tell. */
export function willEmitClose(s) {
  if (!isNodeStream(s)) return null;
  const w = s._writableState;
  const r = s._readableState;
  const state = w || r;
  return (!state && s.aborted !== undefined && s.req !== undefined) ||
    !!(state && state.autoDestroy && state.emitClose && state.closed === false);
}
