// The errors and checks of node:stream.
import { codes, AbortError } from 'node:internal/errors';
import { validateAbortSignal, validateFunction, validateObject } from 'node:internal/validators';

/** A function that makes errors of one code. */
const coded = (code) => (...args) => new codes[code](...args);

export const invalidArgType = coded('ERR_INVALID_ARG_TYPE');
export const invalidArgValue = coded('ERR_INVALID_ARG_VALUE');
export const outOfRange = coded('ERR_OUT_OF_RANGE');
export const missingArgs = coded('ERR_MISSING_ARGS');
export const invalidReturn = coded('ERR_INVALID_RETURN_VALUE');
export const unknownEncoding = coded('ERR_UNKNOWN_ENCODING');
export const notImplemented = coded('ERR_METHOD_NOT_IMPLEMENTED');
export const multipleCallback = coded('ERR_MULTIPLE_CALLBACK');
export const destroyedError = coded('ERR_STREAM_DESTROYED');
export const alreadyFinished = coded('ERR_STREAM_ALREADY_FINISHED');
export const cannotPipe = coded('ERR_STREAM_CANNOT_PIPE');
export const nullValues = coded('ERR_STREAM_NULL_VALUES');
export const prematureClose = coded('ERR_STREAM_PREMATURE_CLOSE');
export const pushAfterEnd = coded('ERR_STREAM_PUSH_AFTER_EOF');
export const unshiftAfterEnd = coded('ERR_STREAM_UNSHIFT_AFTER_END_EVENT');
export const writeAfterEnd = coded('ERR_STREAM_WRITE_AFTER_END');
export const needFunction = validateFunction;
export const needObject = validateObject;
export const needSignal = validateAbortSignal;

/** The error of an operation that a signal ended. */
export const abortError = (cause) => new AbortError(undefined, cause === undefined ? undefined : { cause });

/** Joins an error with the one that came before it, as one stream may fail twice on its way down. */
export function aggregate(inner, outer) {
  if (!inner || !outer || inner === outer) return inner || outer;
  if (Array.isArray(outer.errors)) {
    outer.errors.push(inner);
    return outer;
  }
  const err = new AggregateError([outer, inner], outer.message);
  err.code = outer.code;
  return err;
}

/** Runs f when the signal is aborted, at once when it is already; returns what forgets f again. */
export function onAbort(signal, f) {
  if (signal.aborted) {
    f();
    return () => {};
  }
  signal.addEventListener('abort', f, { once: true });
  return () => signal.removeEventListener('abort', f);
}
