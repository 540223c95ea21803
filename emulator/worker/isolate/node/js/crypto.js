// node:crypto.
import { Hash, Hmac, createHash, createHmac, getHashes, hash } from 'node:internal/crypto/hash';
import {
  checkPrime, checkPrimeSync, generatePrime, generatePrimeSync, randomBytes, randomFill, randomFillSync, randomInt,
  randomUUID, timingSafeEqual,
} from 'node:internal/crypto/random';
import { hkdf, hkdfSync, pbkdf2, pbkdf2Sync, scrypt, scryptSync } from 'node:internal/crypto/kdf';
import {
  Cipheriv, Decipheriv, createCipheriv, createDecipheriv, getCipherInfo, getCiphers, privateDecrypt, privateEncrypt,
  publicDecrypt, publicEncrypt,
} from 'node:internal/crypto/cipher';
import { KeyObject, createPrivateKey, createPublicKey, createSecretKey } from 'node:internal/crypto/keys';
import { generateKey, generateKeyPair, generateKeyPairSync, generateKeySync } from 'node:internal/crypto/keygen';
import { Sign, Verify, createSign, createVerify, sign, verify } from 'node:internal/crypto/sign';
import {
  DiffieHellman, DiffieHellmanGroup, ECDH, createDiffieHellman, createECDH, diffieHellman, getCurves, getDiffieHellman,
} from 'node:internal/crypto/dh';
import { X509Certificate } from 'node:internal/crypto/x509';
import { unsupported } from 'node:internal/crypto/util';

/** The Web Crypto API, which is the global crypto. */
const webcrypto = globalThis.crypto;
const { subtle } = webcrypto;
const getRandomValues = (array) => webcrypto.getRandomValues(array);

const constants = {
  __proto__: null,
  DH_CHECK_P_NOT_SAFE_PRIME: 2, DH_CHECK_P_NOT_PRIME: 1, DH_UNABLE_TO_CHECK_GENERATOR: 4, DH_NOT_SUITABLE_GENERATOR: 8,
  RSA_PKCS1_PADDING: 1, RSA_NO_PADDING: 3, RSA_PKCS1_OAEP_PADDING: 4, RSA_X931_PADDING: 5, RSA_PKCS1_PSS_PADDING: 6,
  RSA_PSS_SALTLEN_DIGEST: -1, RSA_PSS_SALTLEN_MAX_SIGN: -2, RSA_PSS_SALTLEN_AUTO: -2,
  TLS1_VERSION: 769, TLS1_1_VERSION: 770, TLS1_2_VERSION: 771, TLS1_3_VERSION: 772,
  POINT_CONVERSION_COMPRESSED: 2, POINT_CONVERSION_UNCOMPRESSED: 4, POINT_CONVERSION_HYBRID: 6,
};

/** A function that throws, for what Node.js has and this engine has not. */
const missing = (name) => Object.defineProperty(function () { throw unsupported(name); }, 'name', { value: name });

const Certificate = missing('Certificate');
Certificate.exportChallenge = missing('Certificate.exportChallenge');
Certificate.exportPublicKey = missing('Certificate.exportPublicKey');
Certificate.verifySpkac = missing('Certificate.verifySpkac');
const Cipher = missing('Cipher');
const Decipher = missing('Decipher');
const createCipher = missing('createCipher');
const createDecipher = missing('createDecipher');
const setEngine = missing('setEngine');
const createDiffieHellmanGroup = getDiffieHellman;
const pseudoRandomBytes = randomBytes;
const prng = randomBytes;
const rng = randomBytes;
const getFips = () => 0;
const setFips = missing('setFips');
const secureHeapUsed = () => ({ total: 0, used: 0, utilization: 0, min: 0 });

export default {
  Certificate, checkPrime, checkPrimeSync, Cipher, Cipheriv, constants, createCipher, createCipheriv, createDecipher,
  createDecipheriv, createDiffieHellman, createDiffieHellmanGroup, createECDH, createHash, createHmac, createPrivateKey,
  createPublicKey, createSecretKey, createSign, createVerify, Decipher, Decipheriv, DiffieHellman, diffieHellman,
  DiffieHellmanGroup, ECDH, generateKey, generateKeyPair, generateKeyPairSync, generateKeySync, generatePrime,
  generatePrimeSync, getCipherInfo, getCiphers, getCurves, getDiffieHellman, getFips, getHashes, getRandomValues, Hash,
  hash, hkdf, hkdfSync, Hmac, KeyObject, pbkdf2, pbkdf2Sync, privateDecrypt, privateEncrypt, prng, pseudoRandomBytes,
  publicDecrypt, publicEncrypt, randomBytes, randomFill, randomFillSync, randomInt, randomUUID, rng, scrypt, scryptSync,
  secureHeapUsed, setEngine, setFips, Sign, sign, subtle, timingSafeEqual, Verify, verify, webcrypto, X509Certificate,
};
export {
  Certificate, checkPrime, checkPrimeSync, Cipher, Cipheriv, constants, createCipher, createCipheriv, createDecipher,
  createDecipheriv, createDiffieHellman, createDiffieHellmanGroup, createECDH, createHash, createHmac, createPrivateKey,
  createPublicKey, createSecretKey, createSign, createVerify, Decipher, Decipheriv, DiffieHellman, diffieHellman,
  DiffieHellmanGroup, ECDH, generateKey, generateKeyPair, generateKeyPairSync, generateKeySync, generatePrime,
  generatePrimeSync, getCipherInfo, getCiphers, getCurves, getDiffieHellman, getFips, getHashes, getRandomValues, Hash,
  hash, hkdf, hkdfSync, Hmac, KeyObject, pbkdf2, pbkdf2Sync, privateDecrypt, privateEncrypt, prng, pseudoRandomBytes,
  publicDecrypt, publicEncrypt, randomBytes, randomFill, randomFillSync, randomInt, randomUUID, rng, scrypt, scryptSync,
  secureHeapUsed, setEngine, setFips, Sign, sign, subtle, timingSafeEqual, Verify, verify, webcrypto, X509Certificate,
};
