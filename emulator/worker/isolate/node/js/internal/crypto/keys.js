// KeyObject: what it is made of, what it tells, and what it is written as.
import native from 'cfemu:native/crypto';
import { Buffer } from 'node:buffer';
import { codes } from 'node:internal/errors';
import { validateObject, validateOneOf, validateString } from 'node:internal/validators';
import { bytesOf, cryptoError, given, invalidType, isBytes, unsupported } from 'node:internal/crypto/util';

const kHandle = Symbol('kHandle');
const kMake = Symbol('kMake');
const asymmetric = ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView', 'string', 'KeyObject', 'CryptoKey'];

export class KeyObject {
  constructor(type, handle, token) {
    if (token !== kMake) {
      if (!['secret', 'public', 'private'].includes(type)) throw new codes.ERR_INVALID_ARG_VALUE('type', type);
      throw invalidType('handle', 'object', handle);
    }
    Object.defineProperty(this, kHandle, { value: handle });
    Object.defineProperty(this, 'type', { value: type, enumerable: false });
  }

  /** The KeyObject of a CryptoKey. */
  static from(key) {
    const handle = native.keyFromCrypto(key);
    if (!handle) throw invalidType('key', 'CryptoKey', key);
    return keyObject(handle);
  }

  equals(other) {
    if (!(other instanceof KeyObject)) throw invalidType('otherKeyObject', 'KeyObject', other);
    return other.type === this.type && native.keyEqual(this[kHandle], other[kHandle]);
  }

  toCryptoKey() { throw unsupported('KeyObject.toCryptoKey'); }
}
Object.defineProperty(KeyObject.prototype, Symbol.toStringTag, { value: 'KeyObject', configurable: true });

class SecretKeyObject extends KeyObject {
  get symmetricKeySize() { return native.keyInfo(this[kHandle]).size; }

  export(options) {
    if (options !== undefined) {
      validateObject(options, 'options');
      if (options.format !== undefined) validateOneOf(options.format, 'options.format', ['buffer', 'jwk']);
      if (options.format === 'jwk') return native.keyJWK(this[kHandle]);
    }
    return given(native.keyRaw(this[kHandle]));
  }
}

class AsymmetricKeyObject extends KeyObject {
  get asymmetricKeyType() { return native.keyInfo(this[kHandle]).type; }

  get asymmetricKeyDetails() {
    const { modulusLength, publicExponent, namedCurve } = native.keyInfo(this[kHandle]);
    if (modulusLength !== undefined) return { modulusLength, publicExponent: BigInt(publicExponent) };
    return namedCurve === undefined ? {} : { namedCurve };
  }

  export(options) { return exported(this[kHandle], this.type, options, 'options'); }
}

class PublicKeyObject extends AsymmetricKeyObject {}
class PrivateKeyObject extends AsymmetricKeyObject {}

const classes = { secret: SecretKeyObject, public: PublicKeyObject, private: PrivateKeyObject };

function keyObject(handle) {
  const { kind } = native.keyInfo(handle);
  return new classes[kind](kind, handle, kMake);
}

/** Writes a key as the encoding says; name is what it is called in errors. */
function exported(handle, kind, encoding, name) {
  validateObject(encoding, name);
  const { format, type, cipher, passphrase } = encoding;
  if (format === 'jwk') {
    if (passphrase !== undefined) throw incompatible('jwk', 'does not support encryption');
    return native.keyJWK(handle);
  }
  if (format !== 'pem' && format !== 'der') throw new codes.ERR_INVALID_ARG_VALUE(`${name}.format`, format);
  const types = kind === 'public' ? ['pkcs1', 'spki'] : ['pkcs1', 'pkcs8', 'sec1'];
  if (!types.includes(type)) throw new codes.ERR_INVALID_ARG_VALUE(`${name}.type`, type);
  if (cipher != null) {
    if (kind === 'public') throw new codes.ERR_INVALID_ARG_VALUE(`${name}.cipher`, cipher);
    validateString(cipher, `${name}.cipher`);
    if (format === 'der' && type !== 'pkcs8') throw incompatible(type, 'does not support encryption');
    if (typeof passphrase !== 'string' && !isBytes(passphrase)) throw new codes.ERR_INVALID_ARG_VALUE(`${name}.passphrase`, passphrase);
  }
  const result = native.keyExport(handle, {
    format, type, cipher: cipher ?? undefined, passphrase: cipher == null ? undefined : bytesOf(passphrase, `${name}.passphrase`, encoding.encoding),
  });
  return format === 'pem' ? result : given(result);
}

function incompatible(encoding, why) {
  return cryptoError('ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS', `The selected key encoding ${encoding} ${why}.`);
}

const wrongKind = (actual, expected) =>
  cryptoError('ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${actual}, expected ${expected}.`, TypeError);

/** The handle of a KeyObject or CryptoKey, undefined for all else. */
function handleOf(key) {
  if (key instanceof KeyObject) return key[kHandle];
  return typeof key === 'object' && key !== null ? native.keyFromCrypto(key) : undefined;
}

/** Reads a key of either half from whatever it is given as. */
function parsed(kind, key, name = 'key') {
  if (typeof key === 'string' || isBytes(key)) return native.keyParse(kind, bytesOf(key, name), 'pem', undefined, undefined);
  if (key === null || typeof key !== 'object') throw invalidType(name, asymmetric, key);
  const { key: data, encoding, format = 'pem', type, passphrase } = key;
  if (format === 'jwk') {
    validateObject(data, `${name}.key`);
    validateOneOf(data.kty, `${name}.kty`, ['RSA', 'EC', 'OKP']);
    return native.keyFromJWK(data, kind);
  }
  if (typeof data !== 'string' && !isBytes(data)) throw invalidType(`${name}.key`, asymmetric, data);
  if (format !== 'pem' && format !== 'der') throw new codes.ERR_INVALID_ARG_VALUE('options.format', format);
  if (format === 'der') {
    const types = kind === 'private' ? ['pkcs1', 'pkcs8', 'sec1'] : ['pkcs1', 'spki', 'pkcs8', 'sec1'];
    if (!types.includes(type)) throw new codes.ERR_INVALID_ARG_VALUE('options.type', type);
  }
  if (passphrase !== undefined && typeof passphrase !== 'string' && !isBytes(passphrase)) {
    throw new codes.ERR_INVALID_ARG_VALUE('options.passphrase', passphrase);
  }
  return native.keyParse(kind, bytesOf(data, `${name}.key`, encoding), format, type,
    passphrase === undefined ? undefined : bytesOf(passphrase, 'options.passphrase', encoding));
}

/** The handle of a key to use, of which the private half serves as the public one too. */
function usable(kind, key) {
  const holder = handleOf(key) ? key : key?.key;
  const handle = handleOf(holder);
  if (!handle) return parsed(kind, key);
  const { kind: actual } = native.keyInfo(handle);
  if (actual === 'secret' || (kind === 'private' && actual !== 'private')) {
    throw wrongKind(actual, kind === 'private' ? 'private' : 'private or public');
  }
  return handle;
}

export const publicHandle = (key) => usable('public', key);
export const privateHandle = (key) => usable('private', key);

export function createPrivateKey(key) {
  const handle = parsed('private', key);
  if (native.keyInfo(handle).kind !== 'private') throw cryptoError('ERR_CRYPTO_INVALID_JWK', 'Invalid JWK private key data');
  return keyObject(handle);
}

export function createPublicKey(key) {
  const holder = handleOf(key) ? key : key?.key;
  const handle = handleOf(holder);
  if (!handle) return keyObject(parsed('public', key));
  const { kind } = native.keyInfo(handle);
  if (kind !== 'private') throw wrongKind(kind, 'private');
  return keyObject(native.keyPublic(handle));
}

export function createSecretKey(key, encoding) {
  return keyObject(native.keySecret(bytesOf(key, 'key', encoding)));
}

/** The bytes of a secret key, given as such, as a string or as a KeyObject. */
export function secretBytes(key, name, encoding) {
  if (typeof key === 'string') return Buffer.from(key, encoding);
  if (isBytes(key)) return key;
  const handle = handleOf(key);
  if (!handle) throw invalidType(name, ['string', 'ArrayBuffer', 'Buffer', 'TypedArray', 'DataView', 'KeyObject', 'CryptoKey'], key);
  const { kind } = native.keyInfo(handle);
  if (kind !== 'secret') throw wrongKind(kind, 'secret');
  return native.keyRaw(handle);
}

/** Both halves of a pair as the encodings of generateKeyPair say: without one, as a KeyObject. */
export function pairOf(handle, options) {
  const write = (half, kind, name) => {
    const encoding = options?.[name];
    return encoding == null ? keyObject(half) : exported(half, kind, encoding, `options.${name}`);
  };
  return {
    publicKey: write(native.keyPublic(handle), 'public', 'publicKeyEncoding'),
    privateKey: write(handle, 'private', 'privateKeyEncoding'),
  };
}

export const secretKeyObject = (bytes) => keyObject(native.keySecret(bytes));
export const keyObjectOf = keyObject;
export { kHandle };
