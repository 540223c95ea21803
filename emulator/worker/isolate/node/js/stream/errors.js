// The errors of node:stream, with Node's codes and texts.

/** Makes a function that makes errors of one code. */
const coded = (Base, code, text) => (...args) => {
  const err = new Base(typeof text === 'function' ? text(...args) : text);
  err.code = code;
  return err;
};

/** What Node says of a value that has the wrong type. */
export function received(value) {
  if (value == null) return ` Received ${value}`;
  if (typeof value === 'function') return ` Received function ${value.name}`;
  if (typeof value === 'object') {
    const name = value.constructor?.name;
    return name ? ` Received an instance of ${name}` : ' Received [Object: null prototype] {}';
  }
  let shown = typeof value === 'string' ? `'${value}'` : String(value);
  if (typeof value === 'bigint') shown += 'n';
  if (shown.length > 28) shown = `${shown.slice(0, 25)}...`;
  return ` Received type ${typeof value} (${shown})`;
}

const list = (names) => names.length < 2 ? names.join('')
  : `${names.slice(0, -1).join(', ')}${names.length > 2 ? ',' : ''} or ${names[names.length - 1]}`;

/** "of type string or an instance of Buffer", from names of primitive types and of classes. */
function expected(names) {
  const types = names.filter((n) => n === n.toLowerCase() || n === 'Function').map((n) => n.toLowerCase());
  const classes = names.filter((n) => n !== n.toLowerCase() && n !== 'Function');
  const parts = [];
  if (types.length) parts.push(`${types.length > 1 ? 'one of type' : 'of type'} ${list(types)}`);
  if (classes.length) parts.push(`an instance of ${list(classes)}`);
  return parts.join(' or ');
}

export const invalidArgType = coded(TypeError, 'ERR_INVALID_ARG_TYPE', (name, names, value) =>
  `The "${name}" ${name.includes('.') ? 'property' : 'argument'} must be ${expected([].concat(names))}.${received(value)}`);
export const invalidArgValue = coded(TypeError, 'ERR_INVALID_ARG_VALUE', (name, value, reason = 'is invalid') =>
  `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${reason}. Received ${typeof value === 'string' ? `'${value}'` : String(value)}`);
export const outOfRange = coded(RangeError, 'ERR_OUT_OF_RANGE', (name, range, value) =>
  `The value of "${name}" is out of range. It must be ${range}. Received ${value}`);
export const missingArgs = coded(TypeError, 'ERR_MISSING_ARGS', (...names) => names.length === 1
  ? `The "${names[0]}" argument must be specified`
  : `The ${list(names.map((n) => `"${n}"`)).replace(' or ', ' and ')} arguments must be specified`);
export const invalidReturn = coded(TypeError, 'ERR_INVALID_RETURN_VALUE', (input, name, value) =>
  `Expected ${input} to be returned from the "${name}" function but got ${value?.constructor?.name ? `an instance of ${value.constructor.name}` : `type ${typeof value}`}.`);
export const unknownEncoding = coded(TypeError, 'ERR_UNKNOWN_ENCODING', (name) => `Unknown encoding: ${name}`);
export const notImplemented = coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', (name) => `The ${name} method is not implemented`);
export const unsupported = coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', (what) => `node:stream ${what} is not supported by the embedded engine`);
export const multipleCallback = coded(Error, 'ERR_MULTIPLE_CALLBACK', 'Callback called multiple times');
export const destroyedError = coded(Error, 'ERR_STREAM_DESTROYED', (what) => `Cannot call ${what} after a stream was destroyed`);
export const alreadyFinished = coded(Error, 'ERR_STREAM_ALREADY_FINISHED', (what) => `Cannot call ${what} after a stream was finished`);
export const cannotPipe = coded(Error, 'ERR_STREAM_CANNOT_PIPE', 'Cannot pipe, not readable');
export const nullValues = coded(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
export const prematureClose = coded(Error, 'ERR_STREAM_PREMATURE_CLOSE', 'Premature close');
export const pushAfterEnd = coded(Error, 'ERR_STREAM_PUSH_AFTER_EOF', 'stream.push() after EOF');
export const unshiftAfterEnd = coded(Error, 'ERR_STREAM_UNSHIFT_AFTER_END_EVENT', 'stream.unshift() after end event');
export const writeAfterEnd = coded(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end');
export const invalidState = coded(Error, 'ERR_INVALID_STATE', (text) => `Invalid state: ${text}`);

/** The error of an operation that a signal ended. */
export function abortError(cause) {
  const err = cause === undefined ? new Error('The operation was aborted') : new Error('The operation was aborted', { cause });
  err.name = 'AbortError';
  err.code = 'ABORT_ERR';
  return err;
}

/** Joins an error with the one that came before it, as one stream may fail twice on its way down. */
export function aggregate(inner, outer) {
  if (!inner || !outer || inner === outer) return inner || outer;
  if (Array.isArray(outer.errors)) {
    outer.errors.push(inner);
    return outer;
  }
  const err = new AggregateError([outer, inner], outer.message);
  err.code = outer.code;
  return err;
}

export function needFunction(value, name) {
  if (typeof value !== 'function') throw invalidArgType(name, 'Function', value);
}

export function needObject(value, name) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw invalidArgType(name, 'object', value);
}

export function needSignal(value, name) {
  if (value !== undefined && (value === null || typeof value !== 'object' || !('aborted' in value))) {
    throw invalidArgType(name, 'AbortSignal', value);
  }
}

/** Runs f when the signal is aborted, at once when it is already; returns what forgets f again. */
export function onAbort(signal, f) {
  if (signal.aborted) {
    f();
    return () => {};
  }
  signal.addEventListener('abort', f, { once: true });
  return () => signal.removeEventListener('abort', f);
}
