// The class Stream, from which all others descend, with the pipe of Node's first streams.
import { EventEmitter } from 'node:events';

export function Stream(options) {
  EventEmitter.call(this, options);
}
Object.setPrototypeOf(Stream.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Stream, EventEmitter);

Stream.prototype.pipe = function pipe(dest, options) {
  const source = this;
  function ondata(chunk) {
    if (dest.writable && dest.write(chunk) === false && source.pause) source.pause();
  }
  function ondrain() {
    if (source.readable && source.resume) source.resume();
  }
  let over = false;
  function onend() {
    if (over) return;
    over = true;
    dest.end();
  }
  function onclose() {
    if (over) return;
    over = true;
    if (typeof dest.destroy === 'function') dest.destroy();
  }
  function onerror(err) {
    cleanup();
    if (this.listenerCount('error') === 0) this.emit('error', err);
  }
  function cleanup() {
    for (const [emitter, event, f] of wired) emitter.removeListener(event, f);
  }
  const wired = [[source, 'data', ondata], [dest, 'drain', ondrain], [source, 'end', cleanup], [source, 'close', cleanup],
    [dest, 'close', cleanup]];
  if (!dest._isStdio && (!options || options.end !== false)) wired.unshift([source, 'end', onend], [source, 'close', onclose]);
  for (const [emitter, event, f] of wired) emitter.on(event, f);
  for (const emitter of [source, dest]) {
    prependListener(emitter, 'error', onerror);
    wired.push([emitter, 'error', onerror]);
  }
  dest.emit('pipe', source);
  return dest;
};

Stream.prototype.eventNames = function eventNames() {
  return EventEmitter.prototype.eventNames.call(this);
};

/** Puts a listener before all others, so that the stream's own comes first. */
export function prependListener(emitter, event, f) {
  if (typeof emitter.prependListener === 'function') emitter.prependListener(event, f);
  else emitter.on(event, f);
}
