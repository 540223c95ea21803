// Keys derived from passwords and other keys: pbkdf2, scrypt, hkdf.
import native from 'cfemu:native/crypto';
import { codes } from 'node:internal/errors';
import { validateFunction, validateInt32, validateInteger, validateString, validateUint32 } from 'node:internal/validators';
import { bytesOf, cryptoError, given, tell } from 'node:internal/crypto/util';
import { secretBytes } from 'node:internal/crypto/keys';

function pbkdf2Args(password, salt, iterations, keylen, digest) {
  validateString(digest, 'digest');
  password = bytesOf(password, 'password');
  salt = bytesOf(salt, 'salt');
  validateInt32(iterations, 'iterations', 1);
  validateInt32(keylen, 'keylen', 0);
  return [password, salt, iterations, keylen, digest];
}

/** The error for more iterations than production runs, undefined when there are not. */
function tooMany(iterations) {
  if (iterations <= native.maxIterations) return undefined;
  return new DOMException(`Pbkdf2 failed: iteration counts above ${native.maxIterations} are not supported (requested ${iterations}).`, 'NotSupportedError');
}

export function pbkdf2Sync(password, salt, iterations, keylen, digest) {
  const args = pbkdf2Args(password, salt, iterations, keylen, digest);
  const err = tooMany(iterations);
  if (err) throw err;
  return given(native.pbkdf2(...args, true));
}

export function pbkdf2(password, salt, iterations, keylen, digest, callback) {
  if (typeof digest === 'function') {
    callback = digest;
    digest = undefined;
  }
  const args = pbkdf2Args(password, salt, iterations, keylen, digest);
  validateFunction(callback, 'callback');
  const err = tooMany(iterations);
  tell(err ? Promise.reject(err) : native.pbkdf2(...args, false), callback, (bytes) => [given(bytes)]);
}

/** An option that has a long name and a short one. */
function option(options, long, short, otherwise) {
  if (options[long] !== undefined && options[short] !== undefined) {
    throw cryptoError('ERR_INCOMPATIBLE_OPTION_PAIR', `Option "${short}" cannot be used in combination with option "${long}"`, TypeError);
  }
  const value = options[short] ?? options[long];
  if (value === undefined) return otherwise;
  validateUint32(value, short);
  return value || otherwise;
}

function scryptArgs(password, salt, keylen, options) {
  password = bytesOf(password, 'password');
  salt = bytesOf(salt, 'salt');
  validateInt32(keylen, 'keylen', 0);
  let n = 16384;
  let r = 8;
  let p = 1;
  let memory = 32 << 20;
  if (options && options !== null) {
    n = option(options, 'cost', 'N', n);
    r = option(options, 'blockSize', 'r', r);
    p = option(options, 'parallelization', 'p', p);
    if (options.maxmem !== undefined) {
      memory = options.maxmem;
      validateInteger(memory, 'maxmem', 0);
      if (memory === 0) memory = 32 << 20;
    }
  }
  return [password, salt, keylen, n, r, p, memory];
}

export function scryptSync(password, salt, keylen, options) {
  return given(native.scrypt(...scryptArgs(password, salt, keylen, options), true));
}

export function scrypt(password, salt, keylen, options, callback) {
  if (callback === undefined) {
    callback = options;
    options = undefined;
  }
  const args = scryptArgs(password, salt, keylen, options);
  validateFunction(callback, 'callback');
  tell(native.scrypt(...args, false), callback, (bytes) => [given(bytes)]);
}

function hkdfArgs(digest, key, salt, info, length) {
  validateString(digest, 'digest');
  key = secretBytes(key, 'ikm');
  salt = bytesOf(salt, 'salt');
  info = bytesOf(info, 'info');
  validateInteger(length, 'length', 0, 2147483647);
  if (info.byteLength > 1024) throw new codes.ERR_OUT_OF_RANGE('info', 'must not contain more than 1024 bytes', info.byteLength);
  return [digest, key, salt, info, length];
}

export function hkdfSync(digest, key, salt, info, length) {
  return native.hkdf(...hkdfArgs(digest, key, salt, info, length), true);
}

export function hkdf(digest, key, salt, info, length, callback) {
  const args = hkdfArgs(digest, key, salt, info, length);
  validateFunction(callback, 'callback');
  tell(native.hkdf(...args, false), callback);
}
