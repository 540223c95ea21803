// addAbortSignal: an aborted signal destroys the stream.
import { abortError, invalidArgType, onAbort } from 'node:internal/stream/errors';
import { isNodeStream, isReadableWeb, isWritableWeb } from 'node:internal/stream/kind';
import { finished } from 'node:internal/stream/finished';

export function addAbortSignal(signal, stream) {
  if (signal === null || typeof signal !== 'object' || !('aborted' in signal)) throw invalidArgType('signal', 'AbortSignal', signal);
  if (!isNodeStream(stream) && !isReadableWeb(stream) && !isWritableWeb(stream)) {
    throw invalidArgType('stream', ['ReadableStream', 'WritableStream', 'Stream'], stream);
  }
  return addAbortSignalTo(signal, stream);
}

/** addAbortSignal without the checks. */
export function addAbortSignalTo(signal, stream) {
  if (signal === null || typeof signal !== 'object' || !('aborted' in signal)) return stream;
  const abort = () => {
    const err = abortError(signal.reason);
    if (isNodeStream(stream)) stream.destroy(err);
    else if (isReadableWeb(stream)) stream.cancel(err).catch(() => {});
    else stream.abort(err).catch(() => {});
  };
  const forget = onAbort(signal, abort);
  if (!signal.aborted && isNodeStream(stream)) finished(stream, forget);
  return stream;
}
