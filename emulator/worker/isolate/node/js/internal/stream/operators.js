// The iterator helpers of Readable: map, filter, toArray and the like.
import { Readable } from 'node:internal/stream/readable';
import { from, iterate } from 'node:internal/stream/iterate';
import { abortError, invalidArgType, needObject, needSignal, onAbort, outOfRange } from 'node:internal/stream/errors';

const done = { done: true, value: undefined };

function needFn(fn, name = 'fn') {
  if (typeof fn !== 'function') throw invalidArgType(name, ['Function', 'AsyncFunction'], fn);
}

function checked(options) {
  if (options != null) needObject(options, 'options');
  if (options?.signal != null) needSignal(options.signal, 'options.signal');
  return options;
}

function positive(value, name, least) {
  const n = Number(value);
  if (Number.isNaN(n) || n < least) throw outOfRange(name, `>= ${least} && <= 9007199254740991`, value);
  return Math.floor(n);
}

/** Throws when the signal is aborted. */
function alive(signal) {
  if (signal?.aborted) throw abortError(signal.reason);
}

/** An async iterable whose next is step, called one at a time; close ends what it reads. */
function stepper(source, step) {
  let over = false;
  const stop = async () => {
    if (over) return;
    over = true;
    await source.return?.();
  };
  return {
    async next() {
      if (over) return done;
      try {
        const result = await step();
        if (result.done) await stop();
        return result;
      } catch (err) {
        await stop().catch(() => {});
        throw err;
      }
    },
    async return(value) {
      await stop();
      return { done: true, value };
    },
    [Symbol.asyncIterator]() { return this; },
  };
}

/** Calls fn for the chunks, several at a time, and yields the results in the order of the chunks. */
function mapped(stream, fn, options) {
  needFn(fn);
  checked(options);
  const concurrency = options?.concurrency == null ? 1 : positive(options.concurrency, 'concurrency', 1);
  const ahead = options?.highWaterMark == null ? concurrency - 1 : positive(options.highWaterMark, 'highWaterMark', 0);
  const controller = new AbortController();
  const forget = options?.signal ? onAbort(options.signal, () => controller.abort(options.signal.reason)) : () => {};
  const source = iterate(stream);
  const running = []; // promises of results, in order
  let active = 0; // functions that have not come to their end
  let ended = false;
  async function apply(step) {
    if (step.done) {
      ended = true;
      return done;
    }
    return { done: false, value: await fn(step.value, { signal: controller.signal }) };
  }
  const limit = concurrency + ahead;
  let reading = Promise.resolve();
  // A chunk is read after the one before it was, its function runs beside the others.
  function fill() {
    while (!ended && active < concurrency && running.length < limit) {
      active++;
      const chunk = reading.then(() => source.next());
      reading = chunk.catch(() => {});
      const result = chunk.then(apply);
      const settled = () => {
        active--;
        fill();
      };
      result.then(settled, settled);
      running.push(result);
    }
  }
  const stop = { return: async () => {
    ended = true;
    forget();
    controller.abort();
    stream.destroy();
  } };
  return stepper(stop, async () => {
    alive(options?.signal);
    if (limit === 1) return apply(await source.next());
    fill();
    return running.shift();
  });
}

/** A stream operator: the result of make is an async iterable to read. */
const operator = (make) => function (...args) { return from(make.call(this, ...args)); };

/** A loop over the chunks until visit returns something else than undefined. */
async function each(stream, options, visit) {
  checked(options);
  const signal = options?.signal;
  alive(signal);
  let forget = () => {};
  const source = iterate(stream);
  const aborted = signal && new Promise((resolve, reject) => {
    forget = onAbort(signal, () => {
      const err = abortError(signal.reason);
      stream.once('error', () => {});
      stream.destroy(err);
      reject(err);
    });
  });
  aborted?.catch(() => {});
  try {
    for (;;) {
      const step = source.next();
      const { value, done: over } = await (aborted ? Promise.race([step, aborted]) : step);
      if (over) return undefined;
      const result = await visit(value);
      if (result !== undefined) {
        await source.return();
        return result;
      }
    }
  } catch (err) {
    await source.return().catch(() => {});
    throw err;
  } finally {
    forget();
  }
}

const streamOperators = {
  map(fn, options) { return mapped(this, fn, options); },
  filter(fn, options) {
    needFn(fn);
    const source = mapped(this, async (value, opts) => [await fn(value, opts), value], options);
    return stepper(source, async () => {
      for (;;) {
        const { value, done: over } = await source.next();
        if (over) return done;
        if (value[0]) return { done: false, value: value[1] };
      }
    });
  },
  flatMap(fn, options) {
    const source = mapped(this, fn, options);
    let inner = null;
    return stepper(source, async () => {
      for (;;) {
        if (inner) {
          const step = await inner.next();
          if (!step.done) return { done: false, value: await step.value };
          inner = null;
        }
        const { value, done: over } = await source.next();
        if (over) return done;
        if (value?.[Symbol.asyncIterator]) inner = value[Symbol.asyncIterator]();
        else if (value?.[Symbol.iterator]) inner = value[Symbol.iterator]();
        else throw new TypeError(`${typeof value === 'object' ? 'object' : String(value)} is not iterable`);
      }
    });
  },
  drop(count, options) {
    checked(options);
    let left = positive(count, 'number', 0);
    alive(options?.signal);
    const source = iterate(this);
    return stepper(source, async () => {
      for (;;) {
        alive(options?.signal);
        const step = await source.next();
        if (step.done || left-- <= 0) return step;
      }
    });
  },
  take(count, options) {
    checked(options);
    let left = positive(count, 'number', 0);
    alive(options?.signal);
    const source = iterate(this);
    return stepper(source, async () => {
      alive(options?.signal);
      if (left-- <= 0) return done;
      const step = await source.next();
      if (left === 0 && !step.done) this.once('error', () => {}).destroy();
      return step;
    });
  },
  asIndexedPairs(options) {
    checked(options);
    let index = 0;
    const source = iterate(this);
    return stepper(source, async () => {
      alive(options?.signal);
      const { value, done: over } = await source.next();
      return over ? done : { done: false, value: [index++, value] };
    });
  },
};

const promiseOperators = {
  async forEach(fn, options) {
    needFn(fn);
    const source = mapped(this, async (value, opts) => { await fn(value, opts); }, options);
    while (!(await source.next()).done);
  },
  async toArray(options) {
    const chunks = [];
    await each(this, options, (chunk) => { chunks.push(chunk); });
    return chunks;
  },
  async some(fn, options) {
    needFn(fn);
    const source = mapped(this, fn, options);
    for (;;) {
      const { value, done: over } = await source.next();
      if (over) return false;
      if (value) {
        await source.return();
        return true;
      }
    }
  },
  async every(fn, options) {
    needFn(fn);
    return !(await promiseOperators.some.call(this, async (...args) => !(await fn(...args)), options));
  },
  async find(fn, options) {
    needFn(fn);
    const source = streamOperators.filter.call(this, fn, options);
    const { value } = await source.next();
    await source.return();
    return value;
  },
  async reduce(fn, initial, options) {
    needFn(fn, 'reducer');
    let empty = arguments.length < 2;
    let total = initial;
    const controller = new AbortController();
    try {
      await each(this, options, async (chunk) => {
        total = empty ? chunk : await fn(total, chunk, { signal: controller.signal });
        empty = false;
      });
    } finally {
      controller.abort();
    }
    if (empty) {
      const err = new TypeError('Reduce of an empty stream requires an initial value');
      err.code = 'ERR_MISSING_ARGS';
      throw err;
    }
    return total;
  },
};

function define(name, f) {
  Object.defineProperty(f, 'name', { value: name, configurable: true });
  Object.defineProperty(Readable.prototype, name, { value: f, enumerable: false, configurable: true, writable: true });
}
for (const [name, make] of Object.entries(streamOperators)) define(name, operator(make));
for (const [name, f] of Object.entries(promiseOperators)) define(name, f);
