// DisposableStack and AsyncDisposableStack, made when code first asks for one of them.
(function () {
  'use strict';

  const hidden = (o, key, value) => Object.defineProperty(o, key, { value, writable: true, configurable: true });
  const isObject = (v) => (typeof v === 'object' && v !== null) || typeof v === 'function';
  const needFunction = (f) => {
    if (typeof f !== 'function') throw new TypeError(`${typeof f === 'symbol' ? 'Symbol' : f} is not a function`);
    return f;
  };

  // disposer returns what disposes of value, or undefined for null and undefined.
  const disposer = (value, async) => {
    if (value === undefined || value === null) return undefined;
    if (!isObject(value)) throw new TypeError('The value to dispose of is not an object');
    let method = async ? value[Symbol.asyncDispose] : undefined;
    if (method === undefined || method === null) method = value[Symbol.dispose];
    if (typeof method !== 'function') {
      throw new TypeError(async ? 'Symbol.asyncDispose is not a function' : 'Symbol.dispose is not a function');
    }
    return () => method.call(value);
  };

  // A failures collects what disposing throws: the last error suppresses those before it.
  const failures = () => {
    let failed = false;
    let error;
    return {
      add(e) {
        error = failed ? new SuppressedError(e, error, 'An error was suppressed during disposal') : e;
        failed = true;
      },
      end() { if (failed) throw error; },
    };
  };

  const define = (name, async) => {
    const states = new WeakMap();
    const stateOf = (o, use = true) => {
      const s = isObject(o) ? states.get(o) : undefined;
      if (!s) throw new TypeError(`The receiver is not a ${name}`);
      if (use && s.disposed) throw new ReferenceError(`${name} already disposed`);
      return s;
    };
    const Stack = { [name]: class {
      constructor() { states.set(this, { disposed: false, entries: [] }); }
      get disposed() { return stateOf(this, false).disposed; }
      use(value) {
        const s = stateOf(this);
        const f = disposer(value, async);
        if (f || async) s.entries.push(f);
        return value;
      }
      adopt(value, onDispose) {
        const s = stateOf(this);
        needFunction(onDispose);
        s.entries.push(() => onDispose(value));
        return value;
      }
      defer(onDispose) {
        const s = stateOf(this);
        needFunction(onDispose);
        s.entries.push(() => onDispose());
      }
      move() {
        const s = stateOf(this);
        const moved = new Stack();
        states.get(moved).entries = s.entries;
        s.entries = [];
        s.disposed = true;
        return moved;
      }
    } }[name];
    const take = (o) => {
      const s = stateOf(o, false);
      const entries = s.disposed ? [] : s.entries;
      s.disposed = true;
      s.entries = [];
      return entries.reverse();
    };
    const dispose = async ? {
      async disposeAsync() {
        const failed = failures();
        for (const f of take(this)) {
          try { await f?.(); } catch (e) { failed.add(e); }
        }
        failed.end();
      },
    }.disposeAsync : {
      dispose() {
        const failed = failures();
        for (const f of take(this)) {
          try { f(); } catch (e) { failed.add(e); }
        }
        failed.end();
      },
    }.dispose;
    hidden(Stack.prototype, dispose.name, dispose);
    hidden(Stack.prototype, async ? Symbol.asyncDispose : Symbol.dispose, dispose);
    Object.defineProperty(Stack.prototype, Symbol.toStringTag, { value: name, configurable: true });
    hidden(globalThis, name, Stack);
  };

  define('DisposableStack', false);
  define('AsyncDisposableStack', true);
})
