
// Readers, async iteration, ReadableStream.from and tee.

function newReader(s, byob) {
	if (s.reader !== null) throw new TypeError('This ReadableStream is currently locked to a reader.');
	const reader = { stream: s, byob, closed: undefined, requests: new Fifo() };
	s.reader = reader;
	switch (s.state) {
		case 'readable':
			reader.closed = defer();
			break;
		case 'closed':
			reader.closed = settledDefer(Promise.resolve(undefined));
			break;
		default:
			reader.closed = settledDefer(handled(Promise.reject(s.error)));
	}
	return reader;
}

const releasedText = 'This ReadableStream reader has been released.';

function releaseReader(reader) {
	const s = reader.stream;
	const e = new TypeError(releasedText);
	if (reader.closed.pending) reader.closed.reject(e);
	else reader.closed = settledDefer(Promise.reject(e));
	reader.closed.pending = false;
	handled(reader.closed.promise);
	s.controller?.releaseSteps();
	s.reader = null;
	reader.stream = undefined;
	for (const request of reader.requests.drain()) request.error(e);
}

/** Reads one chunk; request is told what came. */
function readDefault(reader, request) {
	const s = reader.stream;
	s.disturbed = true;
	switch (s.state) {
		case 'closed': request.close(); break;
		case 'errored': request.error(s.error); break;
		default: s.controller.pullSteps(request);
	}
}

/** A read request that settles a promise. */
class PromiseRead {
	constructor() { this.promise = new Promise((resolve, reject) => { this.resolve = resolve; this.reject = reject; }); }
	chunk(value) { this.resolve({ value, done: false }); }
	close(value = undefined) { this.resolve({ value, done: true }); }
	error(e) { this.reject(e); }
}

class ReadableStreamDefaultReader {
	#r;
	constructor(stream) {
		const s = streamState(stream);
		if (s === undefined) throw new TypeError('A reader needs a ReadableStream.');
		this.#r = newReader(s, false);
	}
	get closed() { return isObject(this) && #r in this ? this.#r.closed.promise : Promise.reject(illegal()); }
	cancel(reason = undefined) {
		if (!isObject(this) || !(#r in this)) return Promise.reject(illegal());
		if (this.#r.stream === undefined) return Promise.reject(new TypeError(releasedText));
		return readableCancel(this.#r.stream, reason);
	}
	read() {
		if (!isObject(this) || !(#r in this)) return Promise.reject(illegal());
		if (this.#r.stream === undefined) return Promise.reject(new TypeError(releasedText));
		const request = new PromiseRead();
		readDefault(this.#r, request);
		return request.promise;
	}
	releaseLock() {
		if (!(#r in this)) throw illegal();
		if (this.#r.stream !== undefined) releaseReader(this.#r);
	}
}
publish('ReadableStreamDefaultReader', ReadableStreamDefaultReader);

class ReadableStreamBYOBReader {
	#r;
	constructor(stream) {
		const s = streamState(stream);
		if (s === undefined) throw new TypeError('A reader needs a ReadableStream.');
		if (s.reader !== null) throw new TypeError('This ReadableStream is currently locked to a reader.');
		if (!(s.controller instanceof ByteControl)) throw new TypeError('This ReadableStream does not support BYOB reads.');
		this.#r = newReader(s, true);
	}
	get closed() { return isObject(this) && #r in this ? this.#r.closed.promise : Promise.reject(illegal()); }
	cancel(reason = undefined) {
		if (!isObject(this) || !(#r in this)) return Promise.reject(illegal());
		if (this.#r.stream === undefined) return Promise.reject(new TypeError(releasedText));
		return readableCancel(this.#r.stream, reason);
	}
	read(view, options = undefined) {
		if (!isObject(this) || !(#r in this)) return Promise.reject(illegal());
		try {
			return readInto(this.#r, view, options);
		} catch (e) {
			return Promise.reject(e);
		}
	}
	/** Workers' own way to ask for at least so many elements. */
	readAtLeast(minimum, view) {
		if (!isObject(this) || !(#r in this)) return Promise.reject(illegal());
		try {
			return readInto(this.#r, view, { min: minimum });
		} catch (e) {
			return Promise.reject(e);
		}
	}
	releaseLock() {
		if (!(#r in this)) throw illegal();
		if (this.#r.stream !== undefined) releaseReader(this.#r);
	}
}
publish('ReadableStreamBYOBReader', ReadableStreamBYOBReader);

function readInto(reader, view, options) {
	if (!isView(view)) throw new TypeError('A BYOB read needs a view.');
	const min = minimum(dictionary(options, 'ReadableStreamBYOBReaderReadOptions').min);
	if (view.byteLength === 0) throw new TypeError('A BYOB read needs a view that is not empty.');
	if (view.buffer.byteLength === 0 || native.detached(view.buffer)) throw new TypeError('The buffer of the view has been detached.');
	if (min === 0) throw new TypeError("The 'min' option must be greater than 0.");
	const size = view instanceof DataView ? view.byteLength : view.length;
	if (min > size) throw new RangeError("The 'min' option must not be greater than the view.");
	if (reader.stream === undefined) throw new TypeError(releasedText);
	const request = new PromiseRead();
	const s = reader.stream;
	s.disturbed = true;
	if (s.state === 'errored') request.error(s.error);
	else s.controller.pullInto(view, min, request);
	return request.promise;
}

function minimum(v) {
	if (v === undefined) return 1;
	const n = Math.trunc(Number(v));
	if (!Number.isFinite(n) || n < 0 || n > Number.MAX_SAFE_INTEGER) throw new TypeError("The 'min' option is out of range.");
	return n;
}

// An iterator's calls wait for one another.
const asyncIteratorPrototype = Object.create(Object.prototype, {
	[Symbol.asyncIterator]: { value() { return this; }, writable: true, configurable: true },
});

class StreamIterator {
	#it;
	constructor(it) { this.#it = it; }
	next() {
		if (!isObject(this) || !(#it in this)) return Promise.reject(illegal());
		return this.#queue(() => this.#step());
	}
	return(value = undefined) {
		if (!isObject(this) || !(#it in this)) return Promise.reject(illegal());
		return this.#queue(() => this.#end(value));
	}
	#queue(act) {
		const it = this.#it;
		it.ongoing = it.ongoing === undefined ? act() : it.ongoing.then(act, act);
		return it.ongoing;
	}
	#step() {
		const it = this.#it;
		if (it.done) return Promise.resolve({ value: undefined, done: true });
		const request = new PromiseRead();
		readDefault(it.reader, {
			chunk(v) { request.chunk(v); },
			close() { it.done = true; releaseReader(it.reader); request.close(); },
			error(e) { it.done = true; releaseReader(it.reader); request.error(e); },
		});
		return request.promise;
	}
	#end(value) {
		const it = this.#it;
		if (it.done) return Promise.resolve({ value, done: true });
		it.done = true;
		const reader = it.reader;
		let finished = resolved;
		if (!it.preventCancel) finished = readableCancel(reader.stream, value);
		releaseReader(reader);
		return finished.then(() => ({ value, done: true }));
	}
}
const streamIteratorPrototype = StreamIterator.prototype;
delete streamIteratorPrototype.constructor;
for (const key of ['next', 'return']) Object.defineProperty(streamIteratorPrototype, key, { enumerable: true });
Object.defineProperty(streamIteratorPrototype, Symbol.toStringTag, { value: 'ReadableStream AsyncIterator', configurable: true });
Object.setPrototypeOf(streamIteratorPrototype, asyncIteratorPrototype);

function iterateStream(s, preventCancel) {
	return new StreamIterator({ reader: newReader(s, false), preventCancel, done: false, ongoing: undefined });
}

/** ReadableStream.from. */
function fromIterable(iterable) {
	let get = iterable?.[Symbol.asyncIterator];
	let sync = false;
	if (get === undefined || get === null) {
		get = iterable?.[Symbol.iterator];
		sync = true;
	}
	if (typeof get !== 'function') throw new TypeError('The value is not iterable.');
	const iterator = Reflect.apply(get, iterable, []);
	if (!isObject(iterator)) throw new TypeError('The iterator is not an object.');
	const next = iterator.next;
	const result = (promise, then) => promise.then((r) => {
		if (!isObject(r)) throw new TypeError('The iterator result is not an object.');
		return then(r);
	});
	let control;
	return newDefaultStream({
		hwm: 0,
		start(c) { control = c; },
		pull() {
			return result(promised(() => Reflect.apply(next, iterator, [])), (r) => {
				if (r.done) {
					control.close();
					return undefined;
				}
				if (!sync) {
					control.enqueue(r.value);
					return undefined;
				}
				return Promise.resolve(r.value).then((v) => control.enqueue(v));
			});
		},
		cancel(reason) {
			let end;
			try {
				end = iterator.return;
			} catch (e) {
				return Promise.reject(e);
			}
			if (end === undefined || end === null) return Promise.resolve();
			return result(promised(() => Reflect.apply(end, iterator, [reason])), noop);
		},
	});
}

function readableTee(s) {
	const handle = takeHandle(s);
	if (handle !== undefined) return native.tee(handle).map((h) => newNativeState(h));
	if (s.controller instanceof ByteControl) return byteTee(s);
	return defaultTee(s);
}

function defaultTee(s) {
	const reader = newReader(s, false);
	const cancelled = defer();
	const branches = [];
	const canceled = [false, false];
	const reasons = [undefined, undefined];
	let reading = false, again = false;
	const each = (f) => { for (const i of [0, 1]) if (!canceled[i]) f(branches[i].controller); };
	const pull = () => {
		if (reading) {
			again = true;
			return Promise.resolve();
		}
		reading = true;
		readDefault(reader, {
			chunk(v) {
				resolved.then(() => {
					again = false;
					each((c) => c.enqueue(v));
					reading = false;
					if (again) pull();
				});
			},
			close() {
				reading = false;
				each((c) => c.close());
				if (!canceled[0] || !canceled[1]) cancelled.resolve(undefined);
			},
			error() { reading = false; },
		});
		return Promise.resolve();
	};
	const cancel = (i) => (reason) => {
		canceled[i] = true;
		reasons[i] = reason;
		if (canceled[1 - i]) cancelled.resolve(readableCancel(s, reasons));
		return cancelled.promise;
	};
	for (const i of [0, 1]) branches.push(newDefaultStream({ pull, cancel: cancel(i) }));
	reader.closed.promise.then(undefined, (e) => {
		for (const b of branches) b.controller.error(e);
		if (!canceled[0] || !canceled[1]) cancelled.resolve(undefined);
	});
	return branches;
}
