// generateKeyPair and generateKey.
import native from 'cfemu:native/crypto';
import { Buffer } from 'node:buffer';
import { promisify } from 'node:util';
import { codes } from 'node:internal/errors';
import { validateFunction, validateInteger, validateObject, validateOneOf, validateString, validateUint32 } from 'node:internal/validators';
import { tell, unsupported } from 'node:internal/crypto/util';
import { pairOf, secretKeyObject } from 'node:internal/crypto/keys';
import { checkCurveOf } from 'node:internal/crypto/dh';

const missing = ['rsa-pss', 'dsa', 'dh', 'ed448', 'x448'];

/** Checks the arguments of generateKeyPair and starts it. */
function generate(type, options, sync) {
  validateString(type, 'type');
  if (missing.includes(type)) throw unsupported(`generateKeyPair of type ${type}`);
  if (!['rsa', 'ec', 'ed25519', 'x25519'].includes(type)) throw new codes.ERR_INVALID_ARG_VALUE('type', type, 'must be a supported key type');
  if (type === 'rsa' || type === 'ec' || options !== undefined) validateObject(options, 'options');
  if (type === 'rsa') {
    validateUint32(options.modulusLength, 'options.modulusLength');
    const { publicExponent } = options;
    if (publicExponent !== undefined) {
      validateUint32(publicExponent, 'options.publicExponent');
      if (publicExponent !== 65537) throw unsupported('generateKeyPair with another exponent than 65537');
    }
    if (options.modulusLength < 1024) throw unsupported('generateKeyPair of less than 1024 bits');
  }
  if (type === 'ec') {
    validateString(options.namedCurve, 'options.namedCurve');
    checkCurveOf(options.namedCurve);
    if (options.paramEncoding != null) validateOneOf(options.paramEncoding, 'options.paramEncoding', ['named', 'explicit']);
  }
  return native.keyGenerate(type, options, sync);
}

export function generateKeyPairSync(type, options) {
  return pairOf(generate(type, options, true), options);
}

export function generateKeyPair(type, options, callback) {
  if (typeof options === 'function') {
    callback = options;
    options = undefined;
  }
  validateFunction(callback, 'callback');
  tell(Promise.resolve(generate(type, options, false)).then((handle) => pairOf(handle, options)), callback,
    ({ publicKey, privateKey }) => [publicKey, privateKey]);
}

Object.defineProperty(generateKeyPair, promisify.custom, {
  value: (type, options) => new Promise((resolve, reject) => {
    generateKeyPair(type, options, (err, publicKey, privateKey) => err ? reject(err) : resolve({ publicKey, privateKey }));
  }),
  configurable: true,
});

export function generateKeySync(type, options) {
  validateString(type, 'type');
  validateObject(options, 'options');
  const { length } = options;
  if (type === 'hmac') validateInteger(length, 'options.length', 8, 2147483647);
  else if (type === 'aes') validateOneOf(length, 'options.length', [128, 192, 256]);
  else throw new codes.ERR_INVALID_ARG_VALUE('type', type, 'must be a supported key type');
  const bytes = Buffer.alloc(Math.floor(length / 8));
  native.random(bytes);
  return secretKeyObject(bytes);
}

export function generateKey(type, options, callback) {
  validateFunction(callback, 'callback');
  tell(Promise.resolve(generateKeySync(type, options)), callback);
}
