// node:zlib.
import native from 'cfemu:native/zlib';
import { Buffer } from 'node:buffer';
import { absent } from 'node:internal/absent';
import { codes as errors } from 'node:internal/errors';
import { validateUint32 } from 'node:internal/validators';
import { codes, constants, zlib as numbers } from 'node:internal/zlib/constants';
import { BrotliCompress, BrotliDecompress, Deflate, DeflateRaw, Gunzip, Gzip, Inflate, InflateRaw, Unzip, functions } from 'node:internal/zlib/stream';

const [deflate, deflateSync] = functions(Deflate);
const [inflate, inflateSync] = functions(Inflate);
const [gzip, gzipSync] = functions(Gzip);
const [gunzip, gunzipSync] = functions(Gunzip);
const [deflateRaw, deflateRawSync] = functions(DeflateRaw);
const [inflateRaw, inflateRawSync] = functions(InflateRaw);
const [unzip, unzipSync] = functions(Unzip);
const [brotliCompress, brotliCompressSync] = functions(BrotliCompress);
const [brotliDecompress, brotliDecompressSync] = functions(BrotliDecompress);

const createDeflate = (options) => new Deflate(options);
const createInflate = (options) => new Inflate(options);
const createGzip = (options) => new Gzip(options);
const createGunzip = (options) => new Gunzip(options);
const createDeflateRaw = (options) => new DeflateRaw(options);
const createInflateRaw = (options) => new InflateRaw(options);
const createUnzip = (options) => new Unzip(options);
const createBrotliCompress = (options) => new BrotliCompress(options);
const createBrotliDecompress = (options) => new BrotliDecompress(options);

/** The checksum of data, going on from value. */
function crc32(data, value = 0) {
  if (typeof data !== 'string' && !ArrayBuffer.isView(data)) {
    throw new errors.ERR_INVALID_ARG_TYPE('data', ['Buffer', 'TypedArray', 'DataView', 'string'], data);
  }
  validateUint32(value, 'value');
  return native.crc32(typeof data === 'string' ? Buffer.from(data) : data, value);
}

const ZstdCompress = absent('zlib', 'ZstdCompress');
const ZstdDecompress = absent('zlib', 'ZstdDecompress');
const createZstdCompress = absent('zlib', 'createZstdCompress');
const createZstdDecompress = absent('zlib', 'createZstdDecompress');
const zstdCompress = absent('zlib', 'zstdCompress');
const zstdCompressSync = absent('zlib', 'zstdCompressSync');
const zstdDecompress = absent('zlib', 'zstdDecompress');
const zstdDecompressSync = absent('zlib', 'zstdDecompressSync');

const zlib = {
  crc32, Deflate, Inflate, Gzip, Gunzip, DeflateRaw, InflateRaw, Unzip, BrotliCompress, BrotliDecompress,
  deflate, deflateSync, gzip, gzipSync, deflateRaw, deflateRawSync, unzip, unzipSync, inflate, inflateSync, gunzip, gunzipSync,
  inflateRaw, inflateRawSync, brotliCompress, brotliCompressSync, brotliDecompress, brotliDecompressSync,
  createDeflate, createInflate, createDeflateRaw, createInflateRaw, createGzip, createGunzip, createUnzip, createBrotliCompress,
  createBrotliDecompress, constants, codes, ZstdCompress, ZstdDecompress, createZstdCompress, createZstdDecompress, zstdCompress,
  zstdCompressSync, zstdDecompress, zstdDecompressSync,
};
// The numbers were properties of the module itself once.
for (const [name, value] of Object.entries(numbers)) Object.defineProperty(zlib, name, { value, enumerable: false });

export default zlib;
export {
  crc32, Deflate, Inflate, Gzip, Gunzip, DeflateRaw, InflateRaw, Unzip, BrotliCompress, BrotliDecompress,
  deflate, deflateSync, gzip, gzipSync, deflateRaw, deflateRawSync, unzip, unzipSync, inflate, inflateSync, gunzip, gunzipSync,
  inflateRaw, inflateRawSync, brotliCompress, brotliCompressSync, brotliDecompress, brotliDecompressSync,
  createDeflate, createInflate, createDeflateRaw, createInflateRaw, createGzip, createGunzip, createUnzip, createBrotliCompress,
  createBrotliDecompress, constants, codes, ZstdCompress, ZstdDecompress, createZstdCompress, createZstdDecompress, zstdCompress,
  zstdCompressSync, zstdDecompress, zstdDecompressSync,
};
