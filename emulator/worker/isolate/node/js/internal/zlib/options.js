// The options of node:zlib and the errors that wrong ones are.
import { codes as errors } from 'node:internal/errors';
import { brotli, zlib } from 'node:internal/zlib/constants';

const wrongType = (name, expected, value) => new errors.ERR_INVALID_ARG_TYPE(name, expected, value);

/** A number option within its bounds, otherwise when there is none. */
function number(options, name, least, most, otherwise) {
  const value = options?.[name];
  if (value === undefined || Number.isNaN(value)) return otherwise;
  if (typeof value !== 'number') throw wrongType(`options.${name}`, 'number', value);
  if (value < least || value > most || !Number.isFinite(value)) {
    throw new errors.ERR_OUT_OF_RANGE(`options.${name}`, most === Infinity ? `>= ${least}` : `>= ${least} and <= ${most}`, value);
  }
  return value;
}

export const isBrotli = (mode) => mode.startsWith('Brotli');
export const decodes = (mode) => ['Inflate', 'InflateRaw', 'Gunzip', 'Unzip', 'BrotliDecompress'].includes(mode);

/** Reads the options of a class; what it returns is for the native part, but for flush and chunkSize. */
export function read(mode, options) {
  const last = isBrotli(mode) ? brotli.BROTLI_OPERATION_EMIT_METADATA : zlib.Z_BLOCK;
  const end = isBrotli(mode) ? brotli.BROTLI_OPERATION_FINISH : zlib.Z_FINISH;
  const common = {
    chunkSize: number(options, 'chunkSize', 64, Infinity, zlib.Z_DEFAULT_CHUNK),
    flush: number(options, 'flush', 0, last, 0),
    finishFlush: number(options, 'finishFlush', 0, last, end),
    maxOutputLength: number(options, 'maxOutputLength', 1, 2147483647, undefined),
  };
  common.truncated = decodes(mode) && common.finishFlush !== end;
  return isBrotli(mode) ? { ...common, ...brotliParams(options) } : { ...common, ...zlibOptions(mode, options) };
}

function zlibOptions(mode, options) {
  const anyWindow = (options?.windowBits == null || options.windowBits === 0) && ['Inflate', 'Gunzip', 'Unzip'].includes(mode);
  if (!anyWindow) {
    number(options, 'windowBits', mode === 'Gzip' ? 9 : 8, 15, 15);
  }
  number(options, 'memLevel', 1, 9, 8);
  number(options, 'strategy', 0, 4, 0);
  let dictionary = options?.dictionary;
  if (dictionary !== undefined && !ArrayBuffer.isView(dictionary)) {
    if (!(dictionary instanceof ArrayBuffer)) throw wrongType('options.dictionary', ['Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], dictionary);
    dictionary = new Uint8Array(dictionary);
  }
  return { level: number(options, 'level', -1, 9, -1), dictionary };
}

function brotliParams(options) {
  const params = options?.params ?? {};
  for (const [key, value] of Object.entries(params)) {
    if (!/^\d+$/.test(key) || key > 9) {
      const err = new RangeError(`${key} is not a valid Brotli parameter`);
      err.code = 'ERR_BROTLI_INVALID_PARAM';
      throw err;
    }
    if (typeof value !== 'number' && typeof value !== 'boolean') throw wrongType('options.params[key]', 'number', value);
  }
  return { quality: params[brotli.BROTLI_PARAM_QUALITY], window: params[brotli.BROTLI_PARAM_LGWIN] };
}
