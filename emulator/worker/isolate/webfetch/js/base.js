
// What all stream classes share. A public object is a shell around a state object (its #s); the
// algorithms of the Streams Standard work on the states, so that one shell can hand its state to another.

const exported = {};
const INTERNAL = {}; // a constructor argument that only this script has: makes a shell of a state
const noop = () => {};
const resolved = Promise.resolve();

const handled = (promise) => { promise.then(undefined, noop); return promise; };

/** A promise with its handles. */
function defer() {
	const d = {};
	d.promise = new Promise((resolve, reject) => { d.resolve = resolve; d.reject = reject; });
	d.pending = true;
	return d;
}

function settledDefer(promise) { return { promise, resolve: noop, reject: noop, pending: false }; }

const illegal = () => new TypeError(illegalInvocation);

/** Gives a class what WebIDL asks for: enumerable members and a tag. */
function publish(name, ctor) {
	const proto = ctor.prototype;
	for (const key of Object.getOwnPropertyNames(proto)) {
		if (key !== 'constructor') Object.defineProperty(proto, key, { enumerable: true });
	}
	for (const key of Object.getOwnPropertyNames(ctor)) {
		if (typeof ctor[key] === 'function' && key !== 'prototype') Object.defineProperty(ctor, key, { enumerable: true });
	}
	Object.defineProperty(proto, Symbol.toStringTag, { value: name, configurable: true });
	exported[name] = ctor;
}

const isObject = (v) => (typeof v === 'object' && v !== null) || typeof v === 'function';

function dictionary(v, name) {
	if (v === undefined || v === null) return {};
	if (!isObject(v)) throw new TypeError(`The provided value is not of type '${name}'.`);
	return v;
}

/** A member of a dictionary that must be a function, bound to its dictionary. */
function method(dict, name) {
	const f = dict[name];
	if (f === undefined) return undefined;
	if (typeof f !== 'function') throw new TypeError(`The '${name}' member is not a function.`);
	return (...args) => Reflect.apply(f, dict, args);
}

/** Calls f and makes a promise of what it does. */
function promised(f, ...args) {
	try {
		const v = f(...args);
		return v instanceof Promise ? v : Promise.resolve(v);
	} catch (e) {
		return Promise.reject(e);
	}
}

function highWaterMark(strategy, missing) {
	const v = strategy.highWaterMark;
	if (v === undefined) return missing;
	const n = Number(v);
	if (Number.isNaN(n) || n < 0) throw new RangeError('The highWaterMark of a strategy must be a number that is not negative.');
	return n;
}

function sizeAlgorithm(strategy) {
	const f = strategy.size;
	if (f === undefined) return () => 1;
	if (typeof f !== 'function') throw new TypeError("The 'size' member of a strategy is not a function.");
	return (chunk) => f(chunk);
}

/** A first-in first-out list that forgets what was taken. */
class Fifo {
	constructor() { this.items = []; this.head = 0; }
	get length() { return this.items.length - this.head; }
	push(v) { this.items.push(v); }
	peek() { return this.items[this.head]; }
	shift() {
		const v = this.items[this.head];
		this.items[this.head++] = undefined;
		if (this.head > 32 && this.head * 2 > this.items.length) {
			this.items = this.items.slice(this.head);
			this.head = 0;
		}
		return v;
	}
	drain() {
		const all = this.head === 0 ? this.items : this.items.slice(this.head);
		this.items = [];
		this.head = 0;
		return all;
	}
}

/** A queue of chunks with their sizes. */
class SizedQueue {
	constructor() { this.list = new Fifo(); this.total = 0; }
	get length() { return this.list.length; }
	enqueue(value, size) {
		const n = Number(size);
		if (Number.isNaN(n) || n < 0 || n === Infinity) throw new RangeError('The size of a chunk must be a finite number that is not negative.');
		this.list.push({ value, size: n });
		this.total += n;
	}
	dequeue() {
		const { value, size } = this.list.shift();
		this.total -= size;
		if (this.total < 0) this.total = 0;
		return value;
	}
	reset() { this.list = new Fifo(); this.total = 0; }
}

const isView = ArrayBuffer.isView;
const viewConstructors = new Map([
	Uint8Array, Int8Array, Uint8ClampedArray, Uint16Array, Int16Array, Uint32Array, Int32Array,
	Float32Array, Float64Array, BigInt64Array, BigUint64Array,
].map((c) => [c.name, c]));
const typedArrayTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

/** The constructor by which views like v are made: %DataView% for a DataView. */
function viewConstructor(v) {
	return viewConstructors.get(Reflect.apply(typedArrayTag, v, [])) ?? DataView;
}

class ByteLengthQueuingStrategy {
	#hwm;
	constructor(init) {
		if (!isObject(init) || init.highWaterMark === undefined) throw new TypeError("The 'highWaterMark' member is required.");
		this.#hwm = Number(init.highWaterMark);
	}
	get highWaterMark() { if (!(#hwm in this)) throw illegal(); return this.#hwm; }
	get size() { if (!(#hwm in this)) throw illegal(); return byteLengthSize; }
}
const byteLengthSize = { size(chunk) { return chunk.byteLength; } }.size;
publish('ByteLengthQueuingStrategy', ByteLengthQueuingStrategy);

class CountQueuingStrategy {
	#hwm;
	constructor(init) {
		if (!isObject(init) || init.highWaterMark === undefined) throw new TypeError("The 'highWaterMark' member is required.");
		this.#hwm = Number(init.highWaterMark);
	}
	get highWaterMark() { if (!(#hwm in this)) throw illegal(); return this.#hwm; }
	get size() { if (!(#hwm in this)) throw illegal(); return countSize; }
}
const countSize = { size() { return 1; } }.size;
publish('CountQueuingStrategy', CountQueuingStrategy);
