// node:stream. Its default export is the class Stream with everything as properties, as require gives it.
import { promisify } from 'node:util';
import { Buffer } from 'node:buffer';
import { Stream } from 'node:internal/stream/legacy';
import { Readable } from 'node:internal/stream/readable';
import { Writable } from 'node:internal/stream/writable';
import { Duplex, Transform, PassThrough, duplexPair } from 'node:internal/stream/duplex';
import { pipeline, pipelinePromise } from 'node:internal/stream/pipeline';
import { finished, finishedPromise } from 'node:internal/stream/finished';
import { addAbortSignal } from 'node:internal/stream/signal';
import { compose } from 'node:internal/stream/compose';
import { destroyer as destroy } from 'node:internal/stream/destroy';
import { getDefaultHighWaterMark, setDefaultHighWaterMark } from 'node:internal/stream/state';
import { isDestroyed, isDisturbed, isErrored, isReadable, isWritable } from 'node:internal/stream/kind';
import { duplexFromWeb, duplexToWeb, readableFromWeb, readableToWeb, writableFromWeb, writableToWeb } from 'node:internal/stream/web';
import promises from 'node:stream/promises';
import 'node:internal/stream/iterate';
import 'node:internal/stream/operators';

Readable.fromWeb = readableFromWeb;
Readable.toWeb = readableToWeb;
Readable.wrap = (src, options) => new Readable({ objectMode: src.readableObjectMode ?? src.objectMode ?? true, ...options,
  destroy(err, cb) {
    destroy(src, err);
    cb(err);
  } }).wrap(src);
Writable.fromWeb = writableFromWeb;
Writable.toWeb = writableToWeb;
Duplex.fromWeb = duplexFromWeb;
Duplex.toWeb = duplexToWeb;

const custom = promisify.custom;
Object.defineProperty(pipeline, custom, { enumerable: true, get: () => pipelinePromise });
Object.defineProperty(finished, custom, { enumerable: true, get: () => finishedPromise });

const _isUint8Array = (value) => value instanceof Uint8Array;
const _isArrayBufferView = (value) => ArrayBuffer.isView(value);
const _uint8ArrayToBuffer = (chunk) => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);

Object.assign(Stream, {
  isDestroyed, isDisturbed, isErrored, isReadable, isWritable, Readable, Writable, Duplex, Transform, PassThrough, pipeline,
  addAbortSignal, finished, destroy, compose, duplexPair, setDefaultHighWaterMark, getDefaultHighWaterMark, Stream,
  _isArrayBufferView, _isUint8Array, _uint8ArrayToBuffer,
});
Object.defineProperty(Stream, 'promises', { configurable: true, enumerable: true, get: () => promises });

export default Stream;
export {
  isDestroyed, isDisturbed, isErrored, isReadable, isWritable, Readable, Writable, Duplex, Transform, PassThrough, pipeline,
  addAbortSignal, finished, destroy, compose, duplexPair, setDefaultHighWaterMark, getDefaultHighWaterMark, Stream, promises,
  _isArrayBufferView, _isUint8Array, _uint8ArrayToBuffer,
};
