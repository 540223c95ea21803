// Key agreement: diffieHellman, ECDH and DiffieHellman.
import native from 'cfemu:native/crypto';
import { Buffer } from 'node:buffer';
import { codes } from 'node:internal/errors';
import { validateObject, validateString } from 'node:internal/validators';
import { bytesOf, cryptoError, given, invalidType, unsupported } from 'node:internal/crypto/util';
import { KeyObject, kHandle } from 'node:internal/crypto/keys';

export function diffieHellman(options) {
  validateObject(options, 'options');
  const { privateKey, publicKey } = options;
  if (!(privateKey instanceof KeyObject)) throw new codes.ERR_INVALID_ARG_VALUE('options.privateKey', privateKey);
  if (!(publicKey instanceof KeyObject)) throw new codes.ERR_INVALID_ARG_VALUE('options.publicKey', publicKey);
  const wrong = (actual, expected) =>
    cryptoError('ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${actual}, expected ${expected}.`, TypeError);
  if (privateKey.type !== 'private') throw wrong(privateKey.type, 'private');
  if (publicKey.type === 'secret') throw wrong(publicKey.type, 'private or public');
  const [a, b] = [privateKey.asymmetricKeyType, publicKey.asymmetricKeyType];
  if (a !== b || !['ec', 'x25519'].includes(a)) {
    throw cryptoError('ERR_CRYPTO_INCOMPATIBLE_KEY', `Incompatible key types for Diffie-Hellman: ${a} and ${b}`);
  }
  return given(native.agree(privateKey[kHandle], native.keyPublic(publicKey[kHandle])));
}

const forms = ['uncompressed', 'compressed', 'hybrid'];

export const getCurves = () => ['prime256v1', 'secp224r1', 'secp384r1', 'secp521r1'];

function formOf(format = 'uncompressed') {
  if (!forms.includes(format)) throw cryptoError('ERR_CRYPTO_ECDH_INVALID_FORMAT', `Invalid ECDH format: ${format}`, TypeError);
  return format;
}

/** Throws for a curve that is none, or none of this engine's. */
export function checkCurveOf(name) {
  if (native.isCurve(name)) return;
  if (/^(secp|sect|prime|brainpool|c2)/.test(name)) throw unsupported(`the curve ${name}`);
  throw cryptoError('ERR_CRYPTO_INVALID_CURVE', 'Invalid EC curve name', TypeError);
}

/** The name of a curve for agreement, which is for all but P-224. */
function checkCurve(name) {
  validateString(name, 'curve');
  checkCurveOf(name);
  if (['secp224r1', 'P-224'].includes(name)) throw unsupported(`ECDH on the curve ${name}`);
  return name;
}

export class ECDH {
  #curve;
  #private = null;
  #public = null;

  constructor(curve) { this.#curve = checkCurve(curve); }

  static convertKey(key, curve, inputEncoding, outputEncoding, format) {
    const bytes = bytesOf(key, 'key', inputEncoding);
    return given(native.ecdhConvert(checkCurve(curve), bytes, formOf(format)), outputEncoding);
  }

  generateKeys(encoding, format) {
    this.#private = native.ecdhGenerate(this.#curve);
    this.#public = native.ecdhPublic(this.#curve, this.#private);
    return this.getPublicKey(encoding, format);
  }

  computeSecret(key, inputEncoding, outputEncoding) {
    const bytes = bytesOf(key, 'otherPublicKey', inputEncoding);
    if (!this.#private) throw cryptoError('ERR_CRYPTO_INVALID_KEYPAIR', 'Invalid key pair');
    return given(native.ecdhCompute(this.#curve, this.#private, bytes), outputEncoding);
  }

  getPrivateKey(encoding) {
    if (!this.#private) throw cryptoError('ERR_CRYPTO_OPERATION_FAILED', 'Failed to get ECDH private key');
    return given(this.#private.slice(0), encoding);
  }

  getPublicKey(encoding, format) {
    formOf(format);
    if (!this.#public) throw cryptoError('ERR_CRYPTO_OPERATION_FAILED', 'Failed to get ECDH public key');
    return given(native.ecdhConvert(this.#curve, this.#public, formOf(format)), encoding);
  }

  setPrivateKey(key, encoding) {
    const bytes = Buffer.from(bytesOf(key, 'key', encoding));
    this.#public = native.ecdhPublic(this.#curve, bytes);
    this.#private = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    return this;
  }

  setPublicKey(key, encoding) {
    this.#public = native.ecdhConvert(this.#curve, bytesOf(key, 'key', encoding), 'uncompressed');
    return this;
  }
}

export const createECDH = (curve) => new ECDH(curve);

/** Diffie-Hellman in the numbers modulo a prime. */
export class DiffieHellman {
  #prime;
  #generator;
  #private = null;
  #public = null;

  constructor(sizeOrKey, keyEncoding, generator, genEncoding) {
    if (typeof sizeOrKey !== 'number' && typeof sizeOrKey !== 'string' && !ArrayBuffer.isView(sizeOrKey) && !(sizeOrKey instanceof ArrayBuffer)) {
      throw invalidType('sizeOrKey', ['number', 'string', 'ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], sizeOrKey);
    }
    if (keyEncoding && !Buffer.isEncoding(keyEncoding) && keyEncoding !== 'buffer') {
      genEncoding = generator;
      generator = keyEncoding;
      keyEncoding = undefined;
    }
    this.#prime = typeof sizeOrKey === 'number' ? native.prime(sizeOrKey, true, true) : bytesOf(sizeOrKey, 'sizeOrKey', keyEncoding);
    this.#generator = numberOf(generator ?? 2, genEncoding);
  }

  generateKeys(encoding) {
    if (!this.#private) {
      const bytes = Buffer.alloc(this.#prime.byteLength);
      native.random(bytes);
      bytes[0] &= 0x7F;
      this.#private = native.power(Buffer.from(bytes), Buffer.from([1]), this.#prime);
    }
    this.#public = native.power(this.#generator, this.#private, this.#prime);
    return given(this.#public.slice(0), encoding);
  }

  computeSecret(key, inputEncoding, outputEncoding) {
    if (!this.#private) throw cryptoError('ERR_CRYPTO_INVALID_KEYPAIR', 'Invalid key pair');
    const other = bytesOf(key, 'otherPublicKey', inputEncoding);
    const n = BigInt(`0x0${Buffer.from(other).toString('hex')}`);
    const p = BigInt(`0x0${Buffer.from(this.#prime).toString('hex')}`);
    if (n <= 1n) throw cryptoError('ERR_CRYPTO_INVALID_KEYLEN', 'Supplied key is too small', RangeError);
    if (n >= p - 1n) throw cryptoError('ERR_CRYPTO_INVALID_KEYLEN', 'Supplied key is too large', RangeError);
    return given(native.power(other, this.#private, this.#prime), outputEncoding);
  }

  getPrime(encoding) { return given(Buffer.from(this.#prime), encoding); }
  getGenerator(encoding) { return given(Buffer.from(this.#generator), encoding); }

  getPrivateKey(encoding) {
    if (!this.#private) throw cryptoError('ERR_CRYPTO_INVALID_STATE', 'No private key - did you forget to generate one?');
    return given(Buffer.from(this.#private), encoding);
  }

  getPublicKey(encoding) {
    if (!this.#public) throw cryptoError('ERR_CRYPTO_INVALID_STATE', 'No public key - did you forget to generate one?');
    return given(Buffer.from(this.#public), encoding);
  }

  setPrivateKey(key, encoding) {
    this.#private = Buffer.from(bytesOf(key, 'key', encoding));
    return this;
  }

  setPublicKey(key, encoding) {
    this.#public = Buffer.from(bytesOf(key, 'key', encoding));
    return this;
  }

  get verifyError() { return 0; }
}

function numberOf(value, encoding) {
  if (typeof value !== 'number') return bytesOf(value, 'generator', encoding);
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
}

export class DiffieHellmanGroup extends DiffieHellman {
  constructor(name) {
    validateString(name, 'name');
    const prime = native.groupPrime(name);
    if (prime.byteLength === 0) throw cryptoError('ERR_CRYPTO_UNKNOWN_DH_GROUP', 'Unknown DH group');
    super(Buffer.from(prime), undefined, 2);
  }
}
// The numbers of a named group stay as they are.
DiffieHellmanGroup.prototype.setPrivateKey = undefined;
DiffieHellmanGroup.prototype.setPublicKey = undefined;

export const createDiffieHellman = (...args) => new DiffieHellman(...args);
export const getDiffieHellman = (name) => new DiffieHellmanGroup(name);
