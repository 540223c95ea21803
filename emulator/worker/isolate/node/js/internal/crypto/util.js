// What the parts of node:crypto share: errors, bytes in and out, callbacks.
import process from 'node:process';
import { Buffer } from 'node:buffer';
import { Transform } from 'node:internal/stream/duplex';
import { unsupported as absent } from 'node:internal/absent';
import { codes } from 'node:internal/errors';

/** An error with a code, of those that only node:crypto has. */
export function cryptoError(code, message, Base = Error) {
  const err = new Base(message);
  err.code = code;
  return err;
}

export const invalidType = (name, expected, value) => new codes.ERR_INVALID_ARG_TYPE(name, expected, value);

/** The error for what this engine has not, with the name of the function or class. */
export const unsupported = (what) => absent('crypto', what);

const bufferTypes = ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'];

export const isAnyArrayBuffer = (value) => value instanceof ArrayBuffer;
export const isBytes = (value) => ArrayBuffer.isView(value) || isAnyArrayBuffer(value);

/** A string or anything with bytes, as something with bytes. */
export function bytesOf(value, name, encoding) {
  if (typeof value === 'string') return Buffer.from(value, encoding === 'buffer' ? 'utf8' : encoding);
  if (isBytes(value)) return value;
  throw invalidType(name, ['string', ...bufferTypes], value);
}

/** What update takes: a string or a view, but no ArrayBuffer. */
export function dataOf(value, encoding, name = 'data') {
  if (typeof value === 'string') return Buffer.from(value, encoding === 'buffer' ? 'utf8' : encoding);
  if (ArrayBuffer.isView(value)) return value;
  throw invalidType(name, ['string', 'Buffer', 'TypedArray', 'DataView'], value);
}

export function needBytes(value, name) {
  if (!isBytes(value)) throw invalidType(name, bufferTypes, value);
  return value;
}

/** An ArrayBuffer as what the caller wants: a Buffer, or a string in the encoding. */
export function given(bytes, encoding) {
  const buffer = Buffer.from(bytes);
  return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer;
}

/** Tells callback what comes of a promise, outside of it: what callback throws is its own affair. */
export function tell(promise, callback, map = (v) => [v]) {
  promise.then((value) => process.nextTick(callback, null, ...map(value)), (err) => process.nextTick(callback, err));
}

/**
 * Makes Class a Transform that becomes one when it is used as a stream only: most are not, and the
 * state of a stream takes longer to make than a hash.
 */
export function lazyTransform(Class) {
  Object.setPrototypeOf(Class.prototype, Transform.prototype);
  Object.setPrototypeOf(Class, Transform);
  for (const name of ['_readableState', '_writableState', '_events']) {
    Object.defineProperty(Class.prototype, name, {
      get() {
        for (const own of ['_readableState', '_writableState', '_events']) keep(this, own, undefined);
        Transform.call(this, this._options);
        return this[name];
      },
      set(value) { keep(this, name, value); },
      configurable: true,
      enumerable: true,
    });
  }
}

const keep = (object, name, value) => Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
