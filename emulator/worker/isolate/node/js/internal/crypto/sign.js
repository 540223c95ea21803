// createSign, createVerify, sign and verify.
import native from 'cfemu:native/crypto';
import { Writable } from 'node:internal/stream/writable';
import { codes } from 'node:internal/errors';
import { validateFunction, validateString } from 'node:internal/validators';
import { bytesOf, cryptoError, dataOf, given, tell } from 'node:internal/crypto/util';
import { hashHandle } from 'node:internal/crypto/hash';
import { privateHandle, publicHandle } from 'node:internal/crypto/keys';

const kHandle = Symbol('kHandle');
const kName = Symbol('kName');

/** The options that stand beside a key: the padding and such. */
function optionsOf(key) {
  if (key === null || typeof key !== 'object') return {};
  const { padding, saltLength, dsaEncoding } = key;
  if (padding !== undefined && padding !== padding >> 0) throw new codes.ERR_INVALID_ARG_VALUE('options.padding', padding);
  if (saltLength !== undefined && saltLength !== saltLength >> 0) throw new codes.ERR_INVALID_ARG_VALUE('options.saltLength', saltLength);
  if (dsaEncoding !== undefined && dsaEncoding !== 'der' && dsaEncoding !== 'ieee-p1363') {
    throw new codes.ERR_INVALID_ARG_VALUE('options.dsaEncoding', dsaEncoding);
  }
  return { padding, saltLength, dsaEncoding };
}

function init(self, algorithm, options) {
  validateString(algorithm, 'algorithm');
  self[kHandle] = hashHandle(algorithm);
  self[kName] = algorithm;
  Writable.call(self, options);
}

export function Sign(algorithm, options) {
  if (!new.target) return new Sign(algorithm, options);
  init(this, algorithm, options);
}

export function Verify(algorithm, options) {
  if (!new.target) return new Verify(algorithm, options);
  init(this, algorithm, options);
}

for (const Class of [Sign, Verify]) {
  Object.setPrototypeOf(Class.prototype, Writable.prototype);
  Object.setPrototypeOf(Class, Writable);
  Class.prototype._write = function _write(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
  };
  Class.prototype.update = function update(data, encoding) {
    native.update(this[kHandle], dataOf(data, encoding));
    return this;
  };
}

Sign.prototype.sign = function sign(options, encoding) {
  if (!options) throw cryptoError('ERR_CRYPTO_SIGN_KEY_REQUIRED', 'No key provided to sign');
  const key = privateHandle(options);
  return given(native.sign(key, optionsOf(options), this[kName], native.digest(this[kHandle]), true, true), encoding);
};

Verify.prototype.verify = function verify(options, signature, encoding) {
  const key = publicHandle(options);
  signature = bytesOf(signature, 'signature', encoding);
  return native.verify(key, optionsOf(options), this[kName], native.digest(this[kHandle]), true, signature, true);
};

export const createSign = (algorithm, options) => new Sign(algorithm, options);
export const createVerify = (algorithm, options) => new Verify(algorithm, options);

/** The arguments that sign and verify have in common. */
function oneShot(algorithm, data, handle, options) {
  if (algorithm != null) validateString(algorithm, 'algorithm');
  return [handle, optionsOf(options), algorithm ?? undefined, bytesOf(data, 'data'), false];
}

export function sign(algorithm, data, key, callback) {
  if (callback !== undefined) validateFunction(callback, 'callback');
  if (!key) throw cryptoError('ERR_CRYPTO_SIGN_KEY_REQUIRED', 'No key provided to sign');
  const args = oneShot(algorithm, data, privateHandle(key), key);
  if (callback === undefined) return given(native.sign(...args, true));
  tell(native.sign(...args, false), callback, (bytes) => [given(bytes)]);
  return undefined;
}

export function verify(algorithm, data, key, signature, callback) {
  if (callback !== undefined) validateFunction(callback, 'callback');
  const args = oneShot(algorithm, data, publicHandle(key), key);
  signature = bytesOf(signature, 'signature');
  if (callback === undefined) return native.verify(...args, signature, true);
  tell(native.verify(...args, signature, false), callback);
  return undefined;
}
