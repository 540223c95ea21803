// The newer pieces of the language that goja lacks. Each is defined only where the engine does not
// have it, so that a later goja's own replaces ours.
(function (native) {
  'use strict';

  const defineProperty = Object.defineProperty;
  const hidden = (o, key, value) => defineProperty(o, key, { value, writable: true, configurable: true });

  // define puts the methods of an object literal on target, where it has no such property yet, and
  // non-enumerable as the language's are. It is in Go because it runs a hundred times per isolate.
  const define = native.define;
  const defineGlobal = (name, value) => {
    if (!(name in globalThis)) hidden(globalThis, name, value);
  };
  const tag = (o, value) => defineProperty(o, Symbol.toStringTag, { value, configurable: true });
  const isObject = (v) => (typeof v === 'object' && v !== null) || typeof v === 'function';
  const needObject = (v, what) => {
    if (!isObject(v)) throw new TypeError(`${what} is not an object`);
    return v;
  };
  const needFunction = (f) => {
    if (typeof f !== 'function') throw new TypeError(`${typeof f === 'symbol' ? 'Symbol' : f} is not a function`);
    return f;
  };

  for (const name of ['asyncIterator', 'dispose', 'asyncDispose']) {
    if (!(name in Symbol)) defineProperty(Symbol, name, { value: Symbol('Symbol.' + name) });
  }

  define(Promise, {
    withResolvers() {
      let resolve, reject;
      const promise = new this((res, rej) => { resolve = res; reject = rej; });
      return { promise, resolve, reject };
    },
    try(callback, ...args) {
      needObject(this, 'The receiver of Promise.try');
      return new this((resolve) => resolve(callback(...args)));
    },
  });

  // goja's %TypedArray%.from takes objects only, and Uint8Array.from(atob(s), c => …) is how Workers
  // decode base64. A function of ours in its place, while goja throws.
  const TypedArray = Object.getPrototypeOf(Uint8Array);
  let takesStrings = true;
  try { Uint8Array.from(''); } catch { takesStrings = false; }
  if (!takesStrings) {
    const from = TypedArray.from;
    const patched = {
      from(source, ...map) {
        const primitive = source !== undefined && source !== null && !isObject(source);
        return from.call(this, primitive ? Array.from(source) : source, ...map);
      },
    }.from;
    defineProperty(patched, 'length', { value: 1, configurable: true });
    hidden(TypedArray, 'from', patched);
  }

  const group = (items, callback, add) => {
    if (items === undefined || items === null) throw new TypeError(`${items} is not iterable`);
    needFunction(callback);
    let i = 0;
    for (const item of items) add(callback(item, i++), item);
  };
  define(Object, {
    groupBy(items, callback) {
      const groups = Object.create(null);
      group(items, callback, (key, item) => {
        const k = typeof key === 'symbol' ? key : `${key}`;
        (groups[k] ??= []).push(item);
      });
      return groups;
    },
  });
  define(Map, {
    groupBy(items, callback) {
      const groups = new Map();
      group(items, callback, (key, item) => {
        const g = groups.get(key);
        if (g) g.push(item);
        else groups.set(key, [item]);
      });
      return groups;
    },
  });

  define(Array, {
    fromAsync(items, mapper = undefined, thisArg = undefined) {
      const C = this;
      const build = async () => {
        if (mapper !== undefined) needFunction(mapper);
        const asyncMethod = items[Symbol.asyncIterator];
        const method = asyncMethod ?? items[Symbol.iterator];
        const construct = (...args) => (typeof C === 'function' ? new C(...args) : new Array(...args));
        const put = (a, i, value) =>
          defineProperty(a, i, { value, writable: true, enumerable: true, configurable: true });
        if (method === undefined || method === null) {
          const like = Object(items);
          const length = Math.min(Math.max(Math.trunc(Number(like.length)) || 0, 0), Number.MAX_SAFE_INTEGER);
          const result = construct(length);
          for (let i = 0; i < length; i++) {
            let value = await like[i];
            if (mapper) value = await mapper.call(thisArg, value, i);
            put(result, i, value);
          }
          result.length = length;
          return result;
        }
        const iterator = method.call(items);
        const next = iterator.next;
        const result = construct();
        let i = 0;
        for (;;) {
          let step = next.call(iterator);
          if (asyncMethod) step = await step;
          if (needObject(step, 'The iterator result').done) break;
          try {
            let value = asyncMethod ? step.value : await step.value;
            if (mapper) value = await mapper.call(thisArg, value, i);
            put(result, i++, value);
          } catch (e) {
            try { await iterator.return?.(); } catch { /* the first error counts */ }
            throw e;
          }
        }
        result.length = i;
        return result;
      };
      return build();
    },
  });

  const textOf = (v, method) => {
    if (v === undefined || v === null) throw new TypeError(`String.prototype.${method} called on null or undefined`);
    return String(v);
  };
  define(String.prototype, {
    isWellFormed() { return native.isWellFormed(textOf(this, 'isWellFormed')); },
    toWellFormed() { return native.toWellFormed(textOf(this, 'toWellFormed')); },
  });

  define(RegExp, {
    escape(text) {
      if (typeof text !== 'string') throw new TypeError('The argument of RegExp.escape is not a string');
      return native.escapeRegExp(text);
    },
  });

  define(ArrayBuffer.prototype, {
    transfer(newLength = undefined) { return native.transfer(this, newLength); },
    transferToFixedLength(newLength = undefined) { return native.transfer(this, newLength); },
  });
  const attribute = (name, get) => {
    if (!(name in ArrayBuffer.prototype)) defineProperty(ArrayBuffer.prototype, name, { get, configurable: true });
  };
  attribute('detached', function () { return native.detached(this); });
  attribute('resizable', function () { native.detached(this); return false; });
  attribute('maxByteLength', function () { return this.byteLength; });

  installIterator();
  installErrors();
  installWeak();
  installLocale();

  function installIterator() {
    if ('Iterator' in globalThis) return;
    const proto = Object.getPrototypeOf(Object.getPrototypeOf([].values()));
    const Iterator = function Iterator() {
      if (new.target === undefined || new.target === Iterator) {
        throw new TypeError('Iterator cannot be constructed, only extended');
      }
    };
    defineProperty(Iterator, 'prototype', { value: proto, writable: false });
    hidden(globalThis, 'Iterator', Iterator);
    // Accessors, so that assigning to them on an iterator class makes a property of its own.
    const weird = (key, value) => defineProperty(proto, key, {
      get() { return value; },
      set(v) {
        needObject(this, 'The receiver');
        if (this === proto) throw new TypeError('Cannot assign to this property of Iterator.prototype');
        if (Object.hasOwn(this, key)) this[key] = v;
        else defineProperty(this, key, { value: v, writable: true, enumerable: true, configurable: true });
      },
      configurable: true,
    });
    weird('constructor', Iterator);
    weird(Symbol.toStringTag, 'Iterator');

    const direct = (iterator) => ({ iterator, next: needObject(iterator, 'The receiver').next });
    const step = (record) => needObject(record.next.call(record.iterator), 'The iterator result');
    const close = (record) => {
      const f = record.iterator.return;
      if (f !== undefined && f !== null) needObject(f.call(record.iterator), 'The iterator result');
    };
    // closing closes the iterator when f throws, and throws what f threw.
    const closing = (record, f) => {
      try {
        return f();
      } catch (e) {
        try { close(record); } catch { /* the first error counts */ }
        throw e;
      }
    };

    const states = new WeakMap();
    const stateOf = (o) => {
      const s = isObject(o) ? states.get(o) : undefined;
      if (!s) throw new TypeError('The receiver is not an Iterator Helper');
      return s;
    };
    const done = () => ({ value: undefined, done: true });
    const helperPrototype = Object.create(proto);
    define(helperPrototype, {
      next() {
        const s = stateOf(this);
        if (s.running) throw new TypeError('The iterator is running already');
        if (s.finished) return done();
        s.running = s.started = true;
        try {
          const r = s.produce();
          if (r === undefined) s.finished = true;
          return r === undefined ? done() : { value: r[0], done: false };
        } catch (e) {
          s.finished = true;
          throw e;
        } finally {
          s.running = false;
        }
      },
      return() {
        const s = stateOf(this);
        if (s.running) throw new TypeError('The iterator is running already');
        if (!s.finished) {
          s.finished = true;
          s.running = true;
          try { s.close(); } finally { s.running = false; }
        }
        return done();
      },
    });
    tag(helperPrototype, 'Iterator Helper');
    // helper makes an iterator from produce, which returns [value], or undefined at the end.
    const helper = (record, produce, finish = () => close(record)) => {
      const o = Object.create(helperPrototype);
      states.set(o, { produce, close: finish, finished: false, running: false });
      return o;
    };
    const count = (iterator, limit) => {
      const record = { iterator };
      return closing(record, () => {
        const n = Number(limit);
        if (Number.isNaN(n)) throw new RangeError(`${limit} must be positive`);
        const i = Math.trunc(n);
        if (i < 0) throw new RangeError(`${limit} must be positive`);
        return i;
      });
    };
    const callbackOf = (iterator, f) => {
      needObject(iterator, 'The receiver');
      return closing({ iterator }, () => needFunction(f));
    };
    // flattenable returns the iterator record of v, which is an iterable or an iterator.
    const flattenable = (v, stringsToo) => {
      if (!isObject(v) && !(stringsToo && typeof v === 'string')) throw new TypeError(`${String(v)} is not an object`);
      const method = v[Symbol.iterator];
      const iterator = method === undefined || method === null ? v : method.call(v);
      return direct(needObject(iterator, 'The iterator'));
    };

    define(proto, {
      map(mapper) {
        callbackOf(this, mapper);
        const record = direct(this);
        let i = 0;
        return helper(record, () => {
          const r = step(record);
          if (r.done) return undefined;
          const value = r.value;
          return closing(record, () => [mapper(value, i++)]);
        });
      },
      filter(predicate) {
        callbackOf(this, predicate);
        const record = direct(this);
        let i = 0;
        return helper(record, () => {
          for (;;) {
            const r = step(record);
            if (r.done) return undefined;
            const value = r.value;
            if (closing(record, () => predicate(value, i++))) return [value];
          }
        });
      },
      take(limit) {
        let left = count(needObject(this, 'The receiver'), limit);
        const record = direct(this);
        return helper(record, () => {
          if (left === 0) { close(record); return undefined; }
          left--;
          const r = step(record);
          return r.done ? undefined : [r.value];
        });
      },
      drop(limit) {
        let left = count(needObject(this, 'The receiver'), limit);
        const record = direct(this);
        return helper(record, () => {
          for (; left > 0; left--) if (step(record).done) return undefined;
          const r = step(record);
          return r.done ? undefined : [r.value];
        });
      },
      flatMap(mapper) {
        callbackOf(this, mapper);
        const record = direct(this);
        let i = 0;
        let inner;
        return helper(record, () => {
          for (;;) {
            if (!inner) {
              const r = step(record);
              if (r.done) return undefined;
              const value = r.value;
              inner = closing(record, () => flattenable(mapper(value, i++), false));
            }
            const r = closing(record, () => {
              const s = step(inner);
              return s.done ? undefined : [s.value];
            });
            if (r) return r;
            inner = undefined;
          }
        }, () => {
          try {
            if (inner) close(inner);
          } catch (e) {
            try { close(record); } catch { /* the first error counts */ }
            throw e;
          }
          close(record);
        });
      },
      reduce(reducer, ...initial) {
        callbackOf(this, reducer);
        const record = direct(this);
        let i = 0;
        let total = initial[0];
        if (initial.length === 0) {
          const r = step(record);
          if (r.done) throw new TypeError('Reduce of a done iterator with no initial value');
          total = r.value;
          i = 1;
        }
        for (;;) {
          const r = step(record);
          if (r.done) return total;
          const value = r.value;
          total = closing(record, () => reducer(total, value, i++));
        }
      },
      toArray() {
        const record = direct(this);
        const all = [];
        for (let r = step(record); !r.done; r = step(record)) all.push(r.value);
        return all;
      },
      forEach(f) {
        callbackOf(this, f);
        const record = direct(this);
        let i = 0;
        for (let r = step(record); !r.done; r = step(record)) {
          const value = r.value;
          closing(record, () => f(value, i++));
        }
      },
      some(predicate) {
        callbackOf(this, predicate);
        const record = direct(this);
        let i = 0;
        for (let r = step(record); !r.done; r = step(record)) {
          const value = r.value;
          if (closing(record, () => predicate(value, i++))) { close(record); return true; }
        }
        return false;
      },
      every(predicate) {
        callbackOf(this, predicate);
        const record = direct(this);
        let i = 0;
        for (let r = step(record); !r.done; r = step(record)) {
          const value = r.value;
          if (!closing(record, () => predicate(value, i++))) { close(record); return false; }
        }
        return true;
      },
      find(predicate) {
        callbackOf(this, predicate);
        const record = direct(this);
        let i = 0;
        for (let r = step(record); !r.done; r = step(record)) {
          const value = r.value;
          if (closing(record, () => predicate(value, i++))) { close(record); return value; }
        }
        return undefined;
      },
    });
    hidden(proto, Symbol.dispose, { [Symbol.dispose]() { this.return?.(); } }[Symbol.dispose]);

    const wrapped = new WeakMap();
    const wrapPrototype = Object.create(proto);
    define(wrapPrototype, {
      next() {
        const record = wrapped.get(this);
        return record.next.call(record.iterator);
      },
      return() {
        const { iterator } = wrapped.get(this);
        const f = iterator.return;
        return f === undefined || f === null ? done() : f.call(iterator);
      },
    });
    define(Iterator, {
      from(v) {
        const record = flattenable(v, true);
        if (proto.isPrototypeOf(record.iterator)) return record.iterator;
        const o = Object.create(wrapPrototype);
        wrapped.set(o, record);
        return o;
      },
    });
  }

  function installErrors() {
    // V8's way to give any object a stack; libraries call it in constructors of errors of their own.
    define(Error, {
      captureStackTrace(target, from) {
        needObject(target, 'The target of captureStackTrace');
        const frames = new Error().stack.split('\n').filter((line) => line.startsWith('\tat ')).slice(1);
        if (typeof from === 'function') {
          // goja's frames of class constructors are nameless, so one on top counts as from's own.
          const named = frames.findIndex((line) => from.name && line.startsWith(`\tat ${from.name} (`));
          if (named >= 0) frames.splice(0, named + 1);
          else if (from.prototype && target instanceof from && frames.length > 0 && !frames[0].endsWith('))')) frames.shift();
        }
        let head;
        try { head = Error.prototype.toString.call(target); } catch { head = 'Error'; }
        hidden(target, 'stack', [head, ...frames, ''].join('\n'));
      },
    });
    if (!('stackTraceLimit' in Error)) {
      defineProperty(Error, 'stackTraceLimit', { value: 10, writable: true, enumerable: true, configurable: true });
    }
    if ('SuppressedError' in globalThis) return;
    const SuppressedError = function SuppressedError(error, suppressed, message) {
      const e = Reflect.construct(Error, [], new.target ?? SuppressedError);
      if (message !== undefined) hidden(e, 'message', `${message}`);
      hidden(e, 'error', error);
      hidden(e, 'suppressed', suppressed);
      return e;
    };
    Object.setPrototypeOf(SuppressedError, Error);
    defineProperty(SuppressedError, 'prototype', { value: Object.create(Error.prototype), writable: false });
    hidden(SuppressedError.prototype, 'constructor', SuppressedError);
    hidden(SuppressedError.prototype, 'name', 'SuppressedError');
    hidden(SuppressedError.prototype, 'message', '');
    hidden(globalThis, 'SuppressedError', SuppressedError);
  }

  // Weak references that hold on: the garbage collector is Go's and tells JavaScript nothing. A program
  // may not depend on when something is collected, so never is a legal answer.
  function installWeak() {
    const canBeWeak = (v) => isObject(v) || (typeof v === 'symbol' && Symbol.keyFor(v) === undefined);
    if (!('WeakRef' in globalThis)) {
      defineGlobal('WeakRef', class WeakRef {
        #target;
        constructor(target) {
          if (!canBeWeak(target)) throw new TypeError('Invalid value used as WeakRef target');
          this.#target = target;
        }
        deref() { return this.#target; }
      });
      tag(WeakRef.prototype, 'WeakRef');
    }
    if (!('FinalizationRegistry' in globalThis)) {
      defineGlobal('FinalizationRegistry', class FinalizationRegistry {
        #tokens = new WeakMap();
        constructor(cleanup) { needFunction(cleanup); }
        register(target, held, token) {
          if (!canBeWeak(target)) throw new TypeError('Invalid value used as FinalizationRegistry target');
          if (target === held) throw new TypeError('The target and the held value must not be the same');
          if (token !== undefined && !canBeWeak(token)) throw new TypeError('Invalid unregister token');
          if (isObject(token)) this.#tokens.set(token, true);
        }
        unregister(token) {
          if (!canBeWeak(token)) throw new TypeError('Invalid unregister token');
          return isObject(token) && this.#tokens.delete(token);
        }
      });
      tag(FinalizationRegistry.prototype, 'FinalizationRegistry');
    }
  }

  // goja's toLocaleString takes a radix where the language has a locale, and knows no en-US dates.
  function installLocale() {
    const { valueOf: number } = Number.prototype;
    const { valueOf: bigint } = BigInt.prototype;
    const { getTime } = Date.prototype;
    const replace = native.replace;
    replace(Number.prototype, {
      toLocaleString(locales = undefined, options = undefined) { return native.formatNumber(number.call(this), options); },
    });
    replace(BigInt.prototype, {
      toLocaleString(locales = undefined, options = undefined) { return native.formatNumber(bigint.call(this), options); },
    });
    replace(Date.prototype, {
      toLocaleString(locales = undefined, options = undefined) { return native.formatDate(getTime.call(this), 'any', options); },
      toLocaleDateString(locales = undefined, options = undefined) { return native.formatDate(getTime.call(this), 'date', options); },
      toLocaleTimeString(locales = undefined, options = undefined) { return native.formatDate(getTime.call(this), 'time', options); },
    });
  }
})
