
// ReadableStream and its default controller.

let streamState; // shell → state, undefined for any other value
let setStreamState;
const wrapStream = (s) => new ReadableStream(INTERNAL, s);

function newReadableState() {
	return { state: 'readable', error: undefined, disturbed: false, reader: null, controller: null, native: null, length: -1, identity: null };
}

function readableClose(s) {
	s.state = 'closed';
	const reader = s.reader;
	if (reader === null) return;
	reader.closed.pending = false;
	reader.closed.resolve(undefined);
	if (reader.byob) return;
	for (const request of reader.requests.drain()) request.close();
}

function readableError(s, e) {
	s.state = 'errored';
	s.error = e;
	const reader = s.reader;
	if (reader === null) return;
	reader.closed.pending = false;
	reader.closed.reject(e);
	handled(reader.closed.promise);
	for (const request of reader.requests.drain()) request.error(e);
}

function readableCancel(s, reason) {
	s.disturbed = true;
	if (s.state === 'closed') return Promise.resolve();
	if (s.state === 'errored') return Promise.reject(s.error);
	readableClose(s);
	const reader = s.reader;
	if (reader !== null && reader.byob) {
		for (const request of reader.requests.drain()) request.close(undefined);
	}
	return s.controller.cancelSteps(reason).then(noop);
}

/** The state behind a ReadableStreamDefaultController. */
class DefaultControl {
	constructor(stream, { pull, cancel, size, hwm }) {
		this.stream = stream;
		this.queue = new SizedQueue();
		this.started = this.closeRequested = this.pullAgain = this.pulling = false;
		this.hwm = hwm;
		this.size = size;
		this.pull = pull;
		this.cancel = cancel;
		stream.controller = this;
	}
	start(result) {
		Promise.resolve(result).then(() => {
			this.started = true;
			this.callPull();
		}, (e) => this.error(e));
	}
	get desiredSize() {
		switch (this.stream.state) {
			case 'errored': return null;
			case 'closed': return 0;
		}
		return this.hwm - this.queue.total;
	}
	get open() { return !this.closeRequested && this.stream.state === 'readable'; }
	shouldPull() {
		if (!this.open || !this.started) return false;
		const reader = this.stream.reader;
		return (reader !== null && reader.requests.length > 0) || this.desiredSize > 0;
	}
	callPull() {
		if (!this.shouldPull()) return;
		if (this.pulling) {
			this.pullAgain = true;
			return;
		}
		this.pulling = true;
		this.pull().then(() => {
			this.pulling = false;
			if (this.pullAgain) {
				this.pullAgain = false;
				this.callPull();
			}
		}, (e) => this.error(e));
	}
	clear() { this.pull = this.cancel = this.size = undefined; }
	close() {
		if (!this.open) return;
		this.closeRequested = true;
		if (this.queue.length === 0) {
			this.clear();
			readableClose(this.stream);
		}
	}
	enqueue(chunk) {
		if (!this.open) return;
		const reader = this.stream.reader;
		if (reader !== null && reader.requests.length > 0) {
			reader.requests.shift().chunk(chunk);
		} else {
			try {
				this.queue.enqueue(chunk, this.size(chunk));
			} catch (e) {
				this.error(e);
				throw e;
			}
		}
		this.callPull();
	}
	error(e) {
		if (this.stream.state !== 'readable') return;
		this.queue.reset();
		this.clear();
		readableError(this.stream, e);
	}
	cancelSteps(reason) {
		this.queue.reset();
		const result = this.cancel(reason);
		this.clear();
		return result;
	}
	pullSteps(request) {
		if (this.queue.length === 0) {
			this.stream.reader.requests.push(request);
			this.callPull();
			return;
		}
		const chunk = this.queue.dequeue();
		if (this.closeRequested && this.queue.length === 0) {
			this.clear();
			readableClose(this.stream);
		} else {
			this.callPull();
		}
		request.chunk(chunk);
	}
	releaseSteps() {}
}

/** A stream of any chunks over algorithms that return promises. */
function newDefaultStream({ start, pull = () => resolved, cancel = () => resolved, hwm = 1, size = () => 1 }) {
	const s = newReadableState();
	const c = new DefaultControl(s, { pull, cancel, hwm, size });
	c.start(start === undefined ? undefined : start(c));
	return s;
}

class ReadableStreamDefaultController {
	#c;
	constructor(key = undefined, c = undefined) {
		if (key !== INTERNAL) throw new TypeError('Illegal constructor');
		this.#c = c;
	}
	get desiredSize() { if (!(#c in this)) throw illegal(); return this.#c.desiredSize; }
	close() {
		if (!(#c in this)) throw illegal();
		if (!this.#c.open) throw new TypeError('The stream is not in a state that permits close.');
		this.#c.close();
	}
	enqueue(chunk = undefined) {
		if (!(#c in this)) throw illegal();
		if (!this.#c.open) throw new TypeError('The stream is not in a state that permits enqueue.');
		this.#c.enqueue(chunk);
	}
	error(e = undefined) { if (!(#c in this)) throw illegal(); this.#c.error(e); }
}
publish('ReadableStreamDefaultController', ReadableStreamDefaultController);

class ReadableStream {
	#s;
	static {
		streamState = (o) => (isObject(o) && #s in o ? o.#s : undefined);
		setStreamState = (o, s) => { o.#s = s; };
	}
	constructor(source = undefined, strategy = undefined) {
		if (source === INTERNAL) {
			this.#s = strategy;
			return;
		}
		if (source !== undefined && !isObject(source)) throw new TypeError('The underlying source is not an object.');
		strategy = dictionary(strategy, 'QueuingStrategy');
		const dict = source ?? {};
		const auto = dict.autoAllocateChunkSize;
		const cancel = method(dict, 'cancel');
		const pull = method(dict, 'pull');
		const start = method(dict, 'start');
		const type = dict.type;
		if (type !== undefined && String(type) !== 'bytes') throw new TypeError(`'${type}' is not a type of an underlying source.`);
		const s = newReadableState();
		this.#s = s;
		const cancelled = cancel === undefined ? () => Promise.resolve() : (reason) => promised(cancel, reason);
		if (type !== undefined) {
			if (strategy.size !== undefined) throw new RangeError('The strategy of a byte stream cannot have a size function.');
			const hwm = highWaterMark(strategy, 0);
			const c = new ByteControl(s, { pull: noop, cancel: cancelled, hwm, auto: autoAllocate(auto) });
			const shell = new ReadableByteStreamController(INTERNAL, c);
			if (pull !== undefined) c.pull = () => promised(pull, shell);
			else c.pull = () => Promise.resolve();
			c.start(start === undefined ? undefined : start(shell));
			return;
		}
		const size = sizeAlgorithm(strategy);
		const hwm = highWaterMark(strategy, 1);
		const c = new DefaultControl(s, { cancel: cancelled, hwm, size });
		const shell = new ReadableStreamDefaultController(INTERNAL, c);
		c.pull = pull === undefined ? () => Promise.resolve() : () => promised(pull, shell);
		c.start(start === undefined ? undefined : start(shell));
	}
	static from(iterable) { return wrapStream(fromIterable(iterable)); }
	get locked() { if (!(#s in this)) throw illegal(); return this.#s.reader !== null; }
	cancel(reason = undefined) {
		if (!isObject(this) || !(#s in this)) return Promise.reject(illegal());
		if (this.#s.reader !== null) return Promise.reject(new TypeError('This ReadableStream is currently locked to a reader.'));
		return readableCancel(this.#s, reason);
	}
	getReader(options = undefined) {
		if (!(#s in this)) throw illegal();
		const mode = dictionary(options, 'ReadableStreamGetReaderOptions').mode;
		if (mode === undefined) return new ReadableStreamDefaultReader(this);
		if (String(mode) !== 'byob') throw new TypeError(`'${mode}' is not a mode of a reader.`);
		return new ReadableStreamBYOBReader(this);
	}
	pipeThrough(transform, options = undefined) {
		if (!(#s in this)) throw illegal();
		if (!isObject(transform)) throw new TypeError('pipeThrough needs a pair of a readable and a writable stream.');
		const readable = transform.readable;
		if (streamState(readable) === undefined) throw new TypeError("The 'readable' member is not a ReadableStream.");
		const writable = writableState(transform.writable);
		if (writable === undefined) throw new TypeError("The 'writable' member is not a WritableStream.");
		const settings = pipeOptions(options);
		if (this.#s.reader !== null) throw new TypeError('This ReadableStream is currently locked to a reader.');
		if (writable.writer !== undefined) throw new TypeError('This WritableStream is currently locked to a writer.');
		handled(pipe(this.#s, writable, settings));
		return readable;
	}
	pipeTo(destination, options = undefined) {
		if (!isObject(this) || !(#s in this)) return Promise.reject(illegal());
		const writable = writableState(destination);
		if (writable === undefined) return Promise.reject(new TypeError('pipeTo needs a WritableStream.'));
		let settings;
		try {
			settings = pipeOptions(options);
		} catch (e) {
			return Promise.reject(e);
		}
		if (this.#s.reader !== null) return Promise.reject(new TypeError('This ReadableStream is currently locked to a reader.'));
		if (writable.writer !== undefined) return Promise.reject(new TypeError('This WritableStream is currently locked to a writer.'));
		return pipe(this.#s, writable, settings);
	}
	tee() {
		if (!(#s in this)) throw illegal();
		return readableTee(this.#s).map(wrapStream);
	}
	values(options = undefined) {
		if (!(#s in this)) throw illegal();
		const preventCancel = Boolean(dictionary(options, 'ReadableStreamIteratorOptions').preventCancel);
		return iterateStream(this.#s, preventCancel);
	}
}
Object.defineProperty(ReadableStream.prototype, Symbol.asyncIterator, { value: ReadableStream.prototype.values, writable: true, configurable: true });
publish('ReadableStream', ReadableStream);
// Optional arguments do not count.
for (const [f, n] of [[ReadableStream, 0]]) Object.defineProperty(f, 'length', { value: n, configurable: true });
