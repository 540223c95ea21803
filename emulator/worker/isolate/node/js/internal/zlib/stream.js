// The classes of node:zlib, each a Transform.
import native from 'cfemu:native/zlib';
import process from 'node:process';
import { Buffer } from 'node:buffer';
import { Transform } from 'node:internal/stream/duplex';
import { finished } from 'node:internal/stream/finished';
import { codes as errors } from 'node:internal/errors';
import { validateFunction } from 'node:internal/validators';
import { codes, constants } from 'node:internal/zlib/constants';
import { decodes, isBrotli, read } from 'node:internal/zlib/options';

const kFlush = Symbol('kFlush');
const kState = Symbol('kState');

/** Gives an error of the native part zlib's number. */
export function numbered(err) {
  if (codes[err.code] !== undefined) err.errno = codes[err.code];
  else if (err.code?.startsWith('ERR__ERROR')) err.errno = constants[`BROTLI_DECODER${err.code.slice(4)}`];
  return err;
}

export function ZlibBase(mode, options) {
  const settings = read(mode, options);
  Transform.call(this, { autoDestroy: true, ...options, objectMode: false, readableObjectMode: false, writableObjectMode: false });
  this[kState] = { mode, settings, handle: native.open(mode, settings), over: false };
  this.bytesWritten = 0;
  this._chunkSize = settings.chunkSize;
  this._defaultFlushFlag = settings.flush;
  this._finishFlushFlag = settings.finishFlush;
  this._defaultFullFlushFlag = isBrotli(mode) ? constants.BROTLI_OPERATION_FLUSH : constants.Z_FULL_FLUSH;
}
Object.setPrototypeOf(ZlibBase.prototype, Transform.prototype);
Object.setPrototypeOf(ZlibBase, Transform);

Object.defineProperties(ZlibBase.prototype, {
  _closed: { get() { return !this[kState].handle; }, configurable: true },
  _handle: { get() { return this[kState].handle; }, configurable: true },
  bytesRead: { get() { return this.bytesWritten; }, set(v) { this.bytesWritten = v; }, configurable: true },
});

ZlibBase.prototype._transform = function _transform(chunk, encoding, callback) {
  let flush = typeof chunk[kFlush] === 'number' ? chunk[kFlush] : this._defaultFlushFlag;
  // The last chunk ends the stream by itself.
  if (this.writableEnded && this.writableLength === chunk.byteLength) flush = Math.max(flush, this._finishFlushFlag);
  let out;
  try {
    out = run(this, chunk, flush);
  } catch (err) {
    callback(err);
    return;
  }
  for (let at = 0; at < out.length; at += this._chunkSize) this.push(out.subarray(at, at + this._chunkSize));
  callback();
};

/** Runs a chunk through the native part. What follows the end of compressed data is dropped, and the stream ends. */
function run(self, chunk, flush) {
  const state = self[kState];
  if (state.over) return Buffer.alloc(0);
  if (!state.handle) throw Object.assign(new Error('zlib binding closed'), { code: 'ERR_INTERNAL_ASSERTION' });
  const { mode } = state;
  const done = flush === (isBrotli(mode) ? constants.BROTLI_OPERATION_FINISH : constants.Z_FINISH);
  let out;
  try {
    out = Buffer.from(native.process(state.handle, chunk, flush));
  } catch (err) {
    throw numbered(err);
  }
  const taken = native.taken(state.handle);
  self.bytesWritten += taken;
  if (decodes(mode) && taken < chunk.byteLength) {
    state.over = true;
    process.nextTick(() => { if (!self.readableEnded && !self.destroyed) self.push(null); });
  } else if (done) {
    state.over = true;
  }
  return out;
}

ZlibBase.prototype._flush = function _flush(callback) {
  this._transform(Buffer.alloc(0), '', callback);
};

// Some old code calls this, to have one piece at once.
ZlibBase.prototype._processChunk = function _processChunk(chunk, flush, callback) {
  if (typeof callback !== 'function') return run(this, chunk, flush);
  this._transform(chunk, '', callback);
  return undefined;
};

ZlibBase.prototype._final = function _final(callback) { callback(); };

ZlibBase.prototype.flush = function flush(kind, callback) {
  if (typeof kind === 'function' || (kind === undefined && !callback)) {
    callback = kind;
    kind = this._defaultFullFlushFlag;
  }
  if (this.writableFinished) {
    if (callback) process.nextTick(callback);
  } else if (this.writableEnded) {
    if (callback) this.once('end', callback);
  } else {
    const chunk = Buffer.alloc(0);
    chunk[kFlush] = kind;
    this.write(chunk, '', callback);
  }
};

ZlibBase.prototype.reset = function reset() {
  const state = this[kState];
  if (!state.handle) throw new errors.ERR_INVALID_ARG_VALUE('handle', null, 'is closed');
  native.free(state.handle);
  state.handle = native.open(state.mode, state.settings);
  state.over = false;
};

ZlibBase.prototype.close = function close(callback) {
  if (callback) finished(this, callback);
  this.destroy();
};

ZlibBase.prototype._destroy = function _destroy(err, callback) {
  const state = this[kState];
  if (state.handle) native.free(state.handle);
  state.handle = null;
  callback(err);
};

/** Changes the level for what follows. */
ZlibBase.prototype.params = function params(level, strategy, callback) {
  if (typeof level !== 'number' || level < -1 || level > 9) throw new errors.ERR_OUT_OF_RANGE('level', '>= -1 and <= 9', level);
  if (typeof strategy !== 'number' || strategy < 0 || strategy > 4) throw new errors.ERR_OUT_OF_RANGE('strategy', '>= 0 and <= 4', strategy);
  this.flush(constants.Z_SYNC_FLUSH, () => {
    if (this[kState].handle) native.level(this[kState].handle, level);
    if (callback) callback();
  });
};

function define(mode) {
  const Class = { [mode]: function (options) {
    if (!(this instanceof Class)) return new Class(options);
    ZlibBase.call(this, mode, options);
  } }[mode];
  Object.setPrototypeOf(Class.prototype, ZlibBase.prototype);
  Object.setPrototypeOf(Class, ZlibBase);
  return Class;
}

export const Deflate = define('Deflate');
export const Inflate = define('Inflate');
export const Gzip = define('Gzip');
export const Gunzip = define('Gunzip');
export const DeflateRaw = define('DeflateRaw');
export const InflateRaw = define('InflateRaw');
export const Unzip = define('Unzip');
export const BrotliCompress = define('BrotliCompress');
export const BrotliDecompress = define('BrotliDecompress');

/** What may be compressed in one go. */
function whole(value) {
  if (typeof value === 'string') return Buffer.from(value);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value;
  throw new errors.ERR_INVALID_ARG_TYPE('buffer', ['string', 'Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], value);
}

/** The functions of a class that take all of the data: with a callback, and at once. */
export function functions(Class) {
  const mode = Class.name;
  const settings = (options) => {
    const s = read(mode, options);
    return { ...s, finish: s.finishFlush };
  };
  const result = (bytes, options) => {
    const buffer = Buffer.from(bytes);
    return options?.info ? { buffer, engine: new Class(options) } : buffer;
  };
  function later(buffer, options, callback) {
    if (typeof options === 'function') {
      callback = options;
      options = {};
    }
    validateFunction(callback, 'callback');
    const promise = native.all(mode, settings(options), whole(buffer), false);
    promise.then((bytes) => process.nextTick(callback, null, result(bytes, options)), (err) => process.nextTick(callback, numbered(err)));
  }
  function sync(buffer, options) {
    let bytes;
    const s = settings(options);
    const input = whole(buffer);
    try {
      bytes = native.all(mode, s, input, true);
    } catch (err) {
      throw numbered(err);
    }
    return result(bytes, options);
  }
  return [later, sync];
}
