// finished: tells once when a stream is over, however it ends.
import process from 'node:process';
import { AsyncResource } from 'node:async_hooks';
import { abortError, invalidArgType, needFunction, needObject, needSignal, onAbort, prematureClose } from 'node:internal/stream/errors';
import { unsupported } from 'node:internal/absent';
import { isClosed, isNodeStream, isReadable, isReadableFinished, isReadableNode, isReadableWeb, isWritable, isWritableFinished,
  isWritableNode, isWritableWeb, willEmitClose } from 'node:internal/stream/kind';

const isRequest = (s) => s.setHeader && typeof s.abort === 'function';

/** Calls callback when stream is over and returns a function that stops listening. */
export function finished(stream, options, callback) {
  if (arguments.length === 2 && typeof options === 'function') {
    callback = options;
    options = {};
  } else if (options == null) {
    options = {};
  } else {
    needObject(options, 'options');
  }
  needFunction(callback, 'callback');
  needSignal(options.signal, 'options.signal');
  callback = once(AsyncResource.bind(callback));
  // Deviation: finished of node:stream takes no Web streams, whose end nobody can see who does not hold their lock.
  if (isReadableWeb(stream) || isWritableWeb(stream)) throw unsupported('stream', 'finished() of a Web stream');
  if (!isNodeStream(stream)) throw invalidArgType('stream', ['ReadableStream', 'WritableStream', 'Stream'], stream);
  return watch(stream, options, callback);
}

function once(f) {
  let called = false;
  return function (...args) {
    if (called) return;
    called = true;
    f.apply(this, args);
  };
}

function watch(stream, options, callback) {
  const wantsRead = options.readable ?? isReadableNode(stream);
  const wantsWrite = options.writable ?? isWritableNode(stream);
  const w = stream._writableState;
  const r = stream._readableState;
  // Streams of other makers say that they are over by end and finish, ours by close after them.
  let closes = willEmitClose(stream) && isReadableNode(stream) === wantsRead && isWritableNode(stream) === wantsWrite;
  let written = isWritableFinished(stream, false);
  let read = isReadableFinished(stream, false);
  let closed = isClosed(stream);

  const onlegacy = () => { if (!stream.writable) onfinish(); };
  const onfinish = () => {
    written = true;
    if (stream.destroyed) closes = false;
    if (closes && (!stream.writable || wantsRead)) return;
    if (!wantsRead || read) callback.call(stream);
  };
  const onend = () => {
    read = true;
    if (stream.destroyed) closes = false;
    if (closes && (!stream.readable || wantsWrite)) return;
    if (!wantsWrite || written) callback.call(stream);
  };
  const onerror = (err) => callback.call(stream, err);
  const errored = () => {
    const err = w?.errored || r?.errored;
    return typeof err !== 'boolean' && err;
  };
  const onclose = () => {
    closed = true;
    const err = errored();
    if (err) return callback.call(stream, err);
    if (wantsRead && !read && isReadableNode(stream, true) && !isReadableFinished(stream, false)) return callback.call(stream, prematureClose());
    if (wantsWrite && !written && !isWritableFinished(stream, false)) return callback.call(stream, prematureClose());
    return callback.call(stream);
  };
  const onclosed = () => {
    closed = true;
    const err = errored();
    if (err) callback.call(stream, err);
    else callback.call(stream);
  };
  const onrequest = () => stream.req.on('finish', onfinish);

  const wired = [['end', onend], ['finish', onfinish], ['close', onclose]];
  if (options.error !== false) wired.push(['error', onerror]);
  if (isRequest(stream)) {
    wired.push(['complete', onfinish], ['request', onrequest]);
    if (!closes) wired.push(['abort', onclose]);
    if (stream.req) onrequest();
  } else if (wantsWrite && !w) {
    wired.push(['end', onlegacy], ['close', onlegacy]);
  }
  if (!closes && typeof stream.aborted === 'boolean') wired.push(['aborted', onclose]);
  for (const [event, f] of wired) stream.on(event, f);

  if (closed) process.nextTick(onclose);
  else if (w?.errorEmitted || r?.errorEmitted) {
    if (!closes) process.nextTick(onclosed);
  } else if (!wantsRead && (!closes || isReadable(stream)) && (written || isWritable(stream) === false) && (w == null || w.pendingcb === undefined || w.pendingcb === 0)) {
    process.nextTick(onclosed);
  } else if (!wantsWrite && (!closes || isWritable(stream)) && (read || isReadable(stream) === false)) {
    process.nextTick(onclosed);
  } else if (r && stream.req && stream.aborted) {
    process.nextTick(onclosed);
  }

  const original = callback;
  let forget = () => {};
  const cleanup = () => {
    callback = () => {};
    forget();
    stream.removeListener('request', onrequest);
    if (stream.req) stream.req.removeListener('finish', onfinish);
    for (const [event, f] of wired) stream.removeListener(event, f);
  };
  if (options.signal && !closed) {
    const abort = () => {
      cleanup();
      original.call(stream, abortError(options.signal.reason));
    };
    if (options.signal.aborted) {
      process.nextTick(abort);
    } else {
      forget = onAbort(options.signal, abort);
      callback = (...args) => {
        forget();
        original.apply(stream, args);
      };
    }
  }
  return cleanup;
}

/** finished as a promise. */
export function finishedPromise(stream, options) {
  if (options != null) needObject(options, 'options');
  return new Promise((resolve, reject) => {
    const cleanup = finished(stream, options ?? {}, (err) => {
      if (options?.cleanup) cleanup();
      if (err) reject(err);
      else resolve();
    });
  });
}
