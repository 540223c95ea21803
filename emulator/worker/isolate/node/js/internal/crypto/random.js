// Random bytes, numbers and UUIDs, and primes.
import native from 'cfemu:native/crypto';
import process from 'node:process';
import { Buffer } from 'node:buffer';
import { codes } from 'node:internal/errors';
import { validateBoolean, validateFunction, validateInt32, validateNumber, validateObject } from 'node:internal/validators';
import { invalidType, isAnyArrayBuffer, isBytes, needBytes, tell, unsupported } from 'node:internal/crypto/util';

const webcrypto = globalThis.crypto;
const maxSize = 2147483647;

function checkedSize(size, name, most = maxSize) {
  validateNumber(size, name);
  if (Number.isNaN(size) || size > most || size < 0) throw new codes.ERR_OUT_OF_RANGE(name, `>= 0 && <= ${most}`, size);
  return size >>> 0;
}

export function randomBytes(size, callback) {
  size = checkedSize(size, 'size');
  if (callback !== undefined) validateFunction(callback, 'callback');
  const buffer = Buffer.alloc(size);
  native.random(buffer);
  if (callback === undefined) return buffer;
  process.nextTick(callback, null, buffer);
  return undefined;
}

/** The part of buf that is to be filled, as bytes. */
function part(buf, offset, size) {
  if (!isBytes(buf)) throw invalidType('buf', ['ArrayBuffer', 'ArrayBufferView'], buf);
  const unit = buf.BYTES_PER_ELEMENT ?? 1;
  const length = buf.byteLength / unit;
  offset = offset === undefined ? 0 : checkedSize(offset, 'offset', length);
  if (size === undefined) {
    size = length - offset;
  } else {
    checkedSize(size, 'size');
    if (size + offset > length) throw new codes.ERR_OUT_OF_RANGE('size + offset', `<= ${length}`, size + offset);
  }
  return new Uint8Array(isAnyArrayBuffer(buf) ? buf : buf.buffer, (buf.byteOffset ?? 0) + offset * unit, size * unit);
}

export function randomFillSync(buf, offset = 0, size) {
  native.random(part(buf, offset, size));
  return buf;
}

export function randomFill(buf, offset, size, callback) {
  if (typeof offset === 'function') {
    callback = offset;
    offset = size = undefined;
  } else if (typeof size === 'function') {
    callback = size;
    size = undefined;
  }
  validateFunction(callback, 'callback');
  native.random(part(buf, offset, size));
  process.nextTick(callback, null, buf);
}

const maxRange = 2 ** 48 - 1;

/** A whole number from min up to, not including, max. */
export function randomInt(min, max, callback) {
  if (max === undefined || typeof max === 'function') {
    callback = max;
    max = min;
    min = 0;
  }
  if (callback !== undefined) validateFunction(callback, 'callback');
  for (const [name, n] of [['min', min], ['max', max]]) {
    if (!Number.isSafeInteger(n)) throw invalidType(name, 'a safe integer', n);
  }
  if (max <= min) throw new codes.ERR_OUT_OF_RANGE('max', `greater than the value of "min" (${min})`, max);
  if (max - min > maxRange) {
    throw new codes.ERR_OUT_OF_RANGE(min === 0 ? 'max' : 'max - min', `<= ${maxRange}`, min === 0 ? max : max - min);
  }
  const n = min + native.randomBelow(max - min);
  if (callback === undefined) return n;
  process.nextTick(callback, undefined, n);
  return undefined;
}

export function randomUUID(options) {
  if (options !== undefined) validateObject(options, 'options');
  if (options?.disableEntropyCache !== undefined) validateBoolean(options.disableEntropyCache, 'options.disableEntropyCache');
  return webcrypto.randomUUID();
}

export function timingSafeEqual(buf1, buf2) {
  needBytes(buf1, 'buf1');
  needBytes(buf2, 'buf2');
  if (buf1.byteLength !== buf2.byteLength) {
    const err = new RangeError('Input buffers must have the same byte length');
    err.code = 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH';
    throw err;
  }
  return native.equal(buf1, buf2);
}

const asNumber = (bytes) => BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);

/** An unsigned bigint as bytes, or bytes as they are. */
export function numberBytes(value, name) {
  if (typeof value !== 'bigint') return needBytes(value, name);
  if (value < 0n) throw new codes.ERR_OUT_OF_RANGE(name, '>= 0', value);
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
}

function prime(size, options = {}, sync) {
  validateInt32(size, 'size', 1);
  validateObject(options, 'options');
  const { safe = false, bigint = false, add, rem } = options;
  validateBoolean(safe, 'options.safe');
  validateBoolean(bigint, 'options.bigint');
  if (add !== undefined || rem !== undefined) throw unsupported('generatePrime with add or rem');
  const map = (bytes) => bigint ? asNumber(bytes) : bytes;
  return { result: native.prime(size, safe, sync), map };
}

export function generatePrimeSync(size, options) {
  const { result, map } = prime(size, options, true);
  return map(result);
}

export function generatePrime(size, options, callback) {
  if (typeof options === 'function') {
    callback = options;
    options = {};
  }
  validateFunction(callback, 'callback');
  const { result, map } = prime(size, options, false);
  tell(result, callback, (bytes) => [map(bytes)]);
}

export function checkPrimeSync(candidate, options = {}) {
  return native.isPrime(numberBytes(candidate, 'candidate'), options.checks ?? 0, true);
}

export function checkPrime(candidate, options, callback) {
  if (typeof options === 'function') {
    callback = options;
    options = {};
  }
  validateFunction(callback, 'callback');
  tell(native.isPrime(numberBytes(candidate, 'candidate'), options?.checks ?? 0, false), callback);
}
