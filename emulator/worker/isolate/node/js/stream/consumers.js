// node:stream/consumers: all of a stream as one value.
import { Buffer } from 'node:buffer';

/** Calls visit for each chunk of a stream of either kind, or of any iterable. */
async function each(stream, visit) {
  const iterator = stream[Symbol.asyncIterator]?.() ?? stream[Symbol.iterator]();
  for (;;) {
    const { value, done } = await iterator.next();
    if (done) return;
    visit(value);
  }
}

async function blob(stream) {
  const chunks = [];
  await each(stream, (chunk) => { chunks.push(chunk); });
  return new Blob(chunks);
}

async function arrayBuffer(stream) { return (await blob(stream)).arrayBuffer(); }
async function buffer(stream) { return Buffer.from(await arrayBuffer(stream)); }

async function text(stream) {
  const decoder = new TextDecoder();
  const parts = [];
  await each(stream, (chunk) => {
    parts.push(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }));
  });
  parts.push(decoder.decode());
  return parts.join('');
}

async function json(stream) { return JSON.parse(await text(stream)); }

export default { arrayBuffer, blob, buffer, text, json };
export { arrayBuffer, blob, buffer, text, json };
