// How much a stream buffers before it says that it has enough.
import { invalidArgValue, outOfRange } from 'node:internal/stream/errors';

let bytes = 64 * 1024;
let objects = 16;

/** The default highWaterMark, in bytes, or in objects. */
export const getDefaultHighWaterMark = (objectMode) => objectMode ? objects : bytes;

export function setDefaultHighWaterMark(objectMode, value) {
  if (!Number.isInteger(value) || value < 0) throw outOfRange('value', '>= 0', value);
  if (objectMode) objects = value;
  else bytes = value;
}

/** The highWaterMark that the options ask for; side is the name of the option for one side of a duplex stream. */
export function highWaterMarkOf(objectMode, options, side, isDuplex) {
  const given = options?.highWaterMark ?? (isDuplex ? options?.[side] : null);
  if (given == null) return getDefaultHighWaterMark(objectMode);
  if (!Number.isInteger(given) || given < 0) {
    throw invalidArgValue(isDuplex && options.highWaterMark == null ? `options.${side}` : 'options.highWaterMark', given);
  }
  return Math.floor(given);
}
