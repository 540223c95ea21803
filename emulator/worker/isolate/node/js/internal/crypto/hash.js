// createHash and createHmac.
import native from 'cfemu:native/crypto';
import { validateString, validateUint32 } from 'node:internal/validators';
import { cryptoError, dataOf, given, lazyTransform } from 'node:internal/crypto/util';
import { secretBytes } from 'node:internal/crypto/keys';

const kHandle = Symbol('kHandle');
const kState = Symbol('kState');

const finalized = () => cryptoError('ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');

export function Hash(algorithm, options) {
  if (!new.target) return new Hash(algorithm, options);
  if (!(algorithm instanceof Hash)) validateString(algorithm, 'algorithm');
  const size = options?.outputLength;
  if (size !== undefined) validateUint32(size, 'options.outputLength');
  this._options = options;
  if (algorithm instanceof Hash) {
    const { name } = algorithm[kState];
    this[kHandle] = native.copy(algorithm[kHandle], name, size ?? -1);
    this[kState] = { name, done: false };
  } else {
    this[kHandle] = native.hash(algorithm, size ?? -1);
    this[kState] = { name: algorithm, done: false };
  }
}
lazyTransform(Hash);

Hash.prototype.copy = function copy(options) {
  if (this[kState].done) throw finalized();
  return new Hash(this, options ?? this._options);
};

Hash.prototype.update = function update(data, encoding) {
  if (this[kState].done) throw finalized();
  native.update(this[kHandle], dataOf(data, encoding));
  return this;
};

Hash.prototype.digest = function digest(encoding) {
  if (this[kState].done) throw finalized();
  this[kState].done = true;
  return given(native.digest(this[kHandle]), encoding);
};

export function Hmac(algorithm, key, options) {
  if (!new.target) return new Hmac(algorithm, key, options);
  validateString(algorithm, 'hmac');
  const bytes = secretBytes(key, 'key', options?.encoding);
  this._options = options;
  this[kHandle] = native.hmac(algorithm, bytes);
  this[kState] = { done: false };
}
lazyTransform(Hmac);

Hmac.prototype.update = Hash.prototype.update;
Hmac.prototype.digest = function digest(encoding) {
  // A second digest of a Hmac is empty, of whatever kind.
  const bytes = this[kState].done ? new ArrayBuffer(0) : native.digest(this[kHandle]);
  this[kState].done = true;
  return given(bytes, encoding);
};

for (const Class of [Hash, Hmac]) {
  Class.prototype._transform = function _transform(chunk, encoding, callback) {
    native.update(this[kHandle], dataOf(chunk, encoding));
    callback();
  };
  Class.prototype._flush = function _flush(callback) {
    this.push(this.digest());
    callback();
  };
}

export const createHash = (algorithm, options) => new Hash(algorithm, options);
export const createHmac = (algorithm, key, options) => new Hmac(algorithm, key, options);
export const getHashes = () => [...native.hashes].sort();

/** The digest of one piece of data. */
export function hash(algorithm, data, outputEncoding = 'hex') {
  validateString(algorithm, 'algorithm');
  const handle = native.hash(algorithm, -1);
  native.update(handle, dataOf(data, undefined, 'input'));
  return given(native.digest(handle), outputEncoding);
}

/** The digest that stands behind a Sign or Verify, which hash as a Hash does. */
export const hashHandle = (algorithm) => {
  try {
    return native.hash(algorithm, -1);
  } catch {
    throw cryptoError('ERR_CRYPTO_INVALID_DIGEST', 'Invalid digest', TypeError);
  }
};
