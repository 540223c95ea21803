// X509Certificate.
import native from 'cfemu:native/crypto';
import { validateString } from 'node:internal/validators';
import { bytesOf, given, invalidType } from 'node:internal/crypto/util';
import { KeyObject, createPublicKey, kHandle, keyObjectOf } from 'node:internal/crypto/keys';

export class X509Certificate {
  #handle;
  #info;

  constructor(buffer) {
    this.#handle = native.certificate(bytesOf(buffer, 'buffer'));
    this.#info = native.certificateInfo(this.#handle);
  }

  get subject() { return this.#info.subject || undefined; }
  get issuer() { return this.#info.issuer || undefined; }
  get subjectAltName() { return this.#info.subjectAltName || undefined; }
  get infoAccess() { return undefined; }
  get validFrom() { return this.#info.validFrom; }
  get validTo() { return this.#info.validTo; }
  get validFromDate() { return new Date(this.#info.validFrom); }
  get validToDate() { return new Date(this.#info.validTo); }
  get fingerprint() { return this.#info.fingerprint; }
  get fingerprint256() { return this.#info.fingerprint256; }
  get fingerprint512() { return this.#info.fingerprint512; }
  get keyUsage() { return this.#info.keyUsage; }
  get extKeyUsage() { return this.#info.keyUsage; }
  get serialNumber() { return this.#info.serialNumber; }
  get ca() { return this.#info.ca; }
  get raw() { return given(this.#info.raw.slice(0)); }
  get publicKey() { return keyObjectOf(native.certificateKey(this.#handle)); }

  toString() { return this.#info.pem; }
  toJSON() { return this.#info.pem; }

  toLegacyObject() {
    const { subject, issuer, subjectAltName, validFrom, validTo, fingerprint, fingerprint256, fingerprint512, serialNumber, ca } = this.#info;
    const parts = (name) => Object.fromEntries(name.split('\n').filter(Boolean).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    return { subject: parts(subject), issuer: parts(issuer), subjectaltname: subjectAltName || undefined, ca, valid_from: validFrom,
      valid_to: validTo, fingerprint, fingerprint256, fingerprint512, serialNumber, raw: this.raw };
  }

  checkHost(name) {
    validateString(name, 'name');
    return native.certificateMatches(this.#handle, 'host', name) || undefined;
  }

  checkEmail(email) {
    validateString(email, 'email');
    return native.certificateMatches(this.#handle, 'email', email) ? email : undefined;
  }

  checkIP(ip) {
    validateString(ip, 'ip');
    return native.certificateMatches(this.#handle, 'ip', ip) ? ip : undefined;
  }

  checkIssued(other) {
    if (!(other instanceof X509Certificate)) throw invalidType('otherCert', 'X509Certificate', other);
    return native.certificateIssuedBy(this.#handle, other.#handle);
  }

  checkPrivateKey(key) {
    if (!(key instanceof KeyObject)) throw invalidType('pkey', 'KeyObject', key);
    return key.type === 'private' && createPublicKey(key).equals(this.publicKey);
  }

  verify(key) {
    if (!(key instanceof KeyObject)) throw invalidType('pkey', 'KeyObject', key);
    return native.certificateSignedBy(this.#handle, key[kHandle]);
  }
}
