// createCipheriv and createDecipheriv, and encryption by RSA.
import native from 'cfemu:native/crypto';
import { StringDecoder } from 'node:string_decoder';
import { codes } from 'node:internal/errors';
import { validateInteger, validateObject, validateString } from 'node:internal/validators';
import { bytesOf, cryptoError, dataOf, given, invalidType, lazyTransform, needBytes } from 'node:internal/crypto/util';
import { privateHandle, publicHandle, secretBytes } from 'node:internal/crypto/keys';

const kHandle = Symbol('kHandle');
const kDecoder = Symbol('kDecoder');

function start(self, encrypt, algorithm, key, iv, options) {
  validateString(algorithm, 'cipher');
  const bytes = secretBytes(key, 'key', options?.encoding);
  const start = iv === null ? new Uint8Array(0) : bytesOf(iv, 'iv');
  const { authTagLength } = options ?? {};
  if (authTagLength !== undefined && (!Number.isInteger(authTagLength) || authTagLength < 0)) {
    throw new codes.ERR_INVALID_ARG_VALUE('options.authTagLength', authTagLength);
  }
  self._options = options;
  self[kHandle] = native.cipher(algorithm, encrypt, bytes, start, authTagLength ?? -1);
  self[kDecoder] = null;
}

export function Cipheriv(algorithm, key, iv, options) {
  if (!new.target) return new Cipheriv(algorithm, key, iv, options);
  start(this, true, algorithm, key, iv, options);
}

export function Decipheriv(algorithm, key, iv, options) {
  if (!new.target) return new Decipheriv(algorithm, key, iv, options);
  start(this, false, algorithm, key, iv, options);
}

/** What has come out, in the encoding: characters may be cut, so one decoder sees all pieces. */
function text(self, bytes, encoding, last) {
  const buffer = given(bytes);
  if (!encoding || encoding === 'buffer') return buffer;
  self[kDecoder] ??= new StringDecoder(encoding);
  if (self[kDecoder].encoding !== new StringDecoder(encoding).encoding) {
    throw cryptoError('ERR_INTERNAL_ASSERTION', 'Cannot change encoding');
  }
  return last ? self[kDecoder].end(buffer) : self[kDecoder].write(buffer);
}

const methods = {
  _transform(chunk, encoding, callback) {
    this.push(this.update(chunk, encoding));
    callback();
  },
  _flush(callback) {
    try {
      this.push(this.final());
    } catch (err) {
      callback(err);
      return;
    }
    callback();
  },
  update(data, inputEncoding, outputEncoding) {
    return text(this, native.cipherUpdate(this[kHandle], dataOf(data, inputEncoding)), outputEncoding, false);
  },
  final(outputEncoding) {
    return text(this, native.cipherFinal(this[kHandle]), outputEncoding, true);
  },
  setAutoPadding(padding = true) {
    native.cipherPadding(this[kHandle], !!padding);
    return this;
  },
  setAAD(buffer, options) {
    native.cipherExtra(this[kHandle], bytesOf(buffer, 'aadbuf', options?.encoding));
    return this;
  },
};

for (const Class of [Cipheriv, Decipheriv]) {
  lazyTransform(Class);
  for (const [name, f] of Object.entries(methods)) Object.defineProperty(Class.prototype, name, { value: f, writable: true, configurable: true, enumerable: true });
}

Cipheriv.prototype.getAuthTag = function getAuthTag() { return given(native.cipherTag(this[kHandle])); };
Decipheriv.prototype.setAuthTag = function setAuthTag(tag, encoding) {
  native.cipherSetTag(this[kHandle], bytesOf(tag, 'buffer', encoding));
  return this;
};

export const createCipheriv = (cipher, key, iv, options) => new Cipheriv(cipher, key, iv, options);
export const createDecipheriv = (cipher, key, iv, options) => new Decipheriv(cipher, key, iv, options);
export const getCiphers = () => [...native.ciphers];

export function getCipherInfo(nameOrNid, options) {
  if (typeof nameOrNid !== 'string' && typeof nameOrNid !== 'number') throw invalidType('nameOrNid', ['string', 'number'], nameOrNid);
  if (options !== undefined) validateObject(options, 'options');
  const info = typeof nameOrNid === 'string' ? native.cipherInfo(nameOrNid)
    : getCiphers().map((name) => native.cipherInfo(name)).find(({ nid }) => nid === nameOrNid);
  if (!info) return undefined;
  const { keyLength, ivLength } = options ?? {};
  if (keyLength !== undefined) {
    validateInteger(keyLength, 'options.keyLength');
    if (keyLength !== info.keyLength) return undefined;
  }
  if (ivLength !== undefined) {
    validateInteger(ivLength, 'options.ivLength');
    if (!(info.mode === 'gcm' && ivLength > 0) && ivLength !== info.ivLength) return undefined;
    info.ivLength = ivLength;
  }
  return info;
}

/** One of RSA's four operations; the options stand beside the key. */
function rsa(operation, handleFor) {
  return { [operation](options, buffer) {
    const handle = handleFor(options);
    const { padding, oaepHash, oaepLabel, encoding } = isOptions(options) ? options : {};
    if (oaepHash !== undefined) validateString(oaepHash, 'key.oaepHash');
    if (oaepLabel !== undefined) needBytes(bytesOf(oaepLabel, 'key.oaepLabel', encoding), 'key.oaepLabel');
    return given(native.rsa(operation, handle, {
      padding, oaepHash, oaepLabel: oaepLabel === undefined ? undefined : bytesOf(oaepLabel, 'key.oaepLabel', encoding),
    }, bytesOf(buffer, 'buffer', encoding)));
  } }[operation];
}

const isOptions = (value) => value !== null && typeof value === 'object' && 'key' in value;

export const publicEncrypt = rsa('publicEncrypt', publicHandle);
export const publicDecrypt = rsa('publicDecrypt', publicHandle);
export const privateEncrypt = rsa('privateEncrypt', privateHandle);
export const privateDecrypt = rsa('privateDecrypt', privateHandle);
