
// WritableStream, its controller and its writer.

let writableState; // shell → state, undefined for any other value
const wrapWritable = (s) => new WritableStream(INTERNAL, s);

function newWritableState() {
	return {
		state: 'writable', error: undefined, writer: undefined, controller: undefined,
		requests: new Fifo(), // deferreds of writes
		inFlight: undefined, closeRequest: undefined, inFlightClose: undefined,
		pendingAbort: undefined, backpressure: false, identity: null,
	};
}

const closeQueued = (s) => s.closeRequest !== undefined || s.inFlightClose !== undefined;
const lockedWriter = 'This WritableStream is currently locked to a writer.';
const releasedWriter = 'This WritableStream writer has been released.';

function writableAbort(s, reason) {
	if (s.state === 'closed' || s.state === 'errored') return Promise.resolve();
	s.controller.signalAbort(reason);
	const { state } = s;
	if (state === 'closed' || state === 'errored') return Promise.resolve();
	if (s.pendingAbort !== undefined) return s.pendingAbort.deferred.promise;
	const wasErroring = state === 'erroring';
	if (wasErroring) reason = undefined;
	const deferred = defer();
	s.pendingAbort = { deferred, reason, wasErroring };
	if (!wasErroring) startErroring(s, reason);
	return deferred.promise;
}

function writableClose(s) {
	if (s.state === 'closed' || s.state === 'errored') return Promise.reject(new TypeError('This WritableStream has been closed.'));
	const deferred = defer();
	s.closeRequest = deferred;
	if (s.writer !== undefined && s.backpressure && s.state === 'writable') {
		s.writer.ready.pending = false;
		s.writer.ready.resolve(undefined);
	}
	s.controller.close();
	return deferred.promise;
}

function startErroring(s, reason) {
	s.state = 'erroring';
	s.error = reason;
	if (s.writer !== undefined) rejectReady(s.writer, reason);
	if (s.inFlight === undefined && s.inFlightClose === undefined && s.controller.started) finishErroring(s);
}

function dealWithRejection(s, e) {
	if (s.state === 'writable') startErroring(s, e);
	else finishErroring(s);
}

function finishErroring(s) {
	s.state = 'errored';
	s.controller.queue.reset();
	for (const d of s.requests.drain()) d.reject(s.error);
	if (s.pendingAbort === undefined) {
		rejectClose(s);
		return;
	}
	const { deferred, reason, wasErroring } = s.pendingAbort;
	s.pendingAbort = undefined;
	if (wasErroring) {
		deferred.reject(s.error);
		rejectClose(s);
		return;
	}
	s.controller.abortSteps(reason).then(() => {
		deferred.resolve(undefined);
		rejectClose(s);
	}, (e) => {
		deferred.reject(e);
		rejectClose(s);
	});
}

function rejectClose(s) {
	if (s.closeRequest !== undefined) {
		s.closeRequest.reject(s.error);
		s.closeRequest = undefined;
	}
	if (s.writer !== undefined) {
		s.writer.closed.pending = false;
		s.writer.closed.reject(s.error);
		handled(s.writer.closed.promise);
	}
}

function updateBackpressure(s, backpressure) {
	if (s.writer !== undefined && backpressure !== s.backpressure) {
		if (backpressure) {
			s.writer.ready = defer();
		} else {
			s.writer.ready.pending = false;
			s.writer.ready.resolve(undefined);
		}
	}
	s.backpressure = backpressure;
}

function rejectReady(writer, e) {
	if (writer.ready.pending) writer.ready.reject(e);
	else writer.ready = settledDefer(Promise.reject(e));
	writer.ready.pending = false;
	handled(writer.ready.promise);
}

function rejectClosed(writer, e) {
	if (writer.closed.pending) writer.closed.reject(e);
	else writer.closed = settledDefer(Promise.reject(e));
	writer.closed.pending = false;
	handled(writer.closed.promise);
}

const CLOSE = {}; // the mark of the end in a queue

class WritableControl {
	constructor(stream, { write, close, abort, size, hwm }) {
		this.stream = stream;
		this.queue = new SizedQueue();
		this.started = false;
		this.hwm = hwm;
		this.size = size;
		this.write = write;
		this.closeSink = close;
		this.abortSink = abort;
		this.abortController = undefined;
		stream.controller = this;
		stream.backpressure = this.desiredSize <= 0;
	}
	start(result) {
		Promise.resolve(result).then(() => {
			this.started = true;
			this.advance();
		}, (e) => {
			this.started = true;
			dealWithRejection(this.stream, e);
		});
	}
	get desiredSize() { return this.hwm - this.queue.total; }
	get signal() {
		this.abortController ??= new global.AbortController();
		return this.abortController.signal;
	}
	signalAbort(reason) {
		this.signal; // must exist: code may look at it afterwards
		this.abortController.abort(reason);
	}
	clear() { this.write = this.closeSink = this.abortSink = this.size = undefined; }
	abortSteps(reason) {
		const result = this.abortSink(reason);
		this.clear();
		return result;
	}
	close() {
		this.queue.enqueue(CLOSE, 0);
		this.advance();
	}
	chunkSize(chunk) {
		if (this.size === undefined) return 1;
		try {
			return this.size(chunk);
		} catch (e) {
			this.errorIfNeeded(e);
			return 1;
		}
	}
	put(chunk, size) {
		try {
			this.queue.enqueue(chunk, size);
		} catch (e) {
			this.errorIfNeeded(e);
			return;
		}
		const s = this.stream;
		if (!closeQueued(s) && s.state === 'writable') updateBackpressure(s, this.desiredSize <= 0);
		this.advance();
	}
	advance() {
		const s = this.stream;
		if (!this.started || s.inFlight !== undefined) return;
		if (s.state === 'erroring') {
			finishErroring(s);
			return;
		}
		if (this.queue.length === 0) return;
		const { value } = this.queue.list.peek();
		if (value === CLOSE) this.processClose();
		else this.processWrite(value);
	}
	processClose() {
		const s = this.stream;
		s.inFlightClose = s.closeRequest;
		s.closeRequest = undefined;
		this.queue.dequeue();
		const result = this.closeSink();
		this.clear();
		result.then(() => this.closed(), (e) => {
			s.inFlightClose.reject(e);
			s.inFlightClose = undefined;
			if (s.pendingAbort !== undefined) {
				s.pendingAbort.deferred.reject(e);
				s.pendingAbort = undefined;
			}
			dealWithRejection(s, e);
		});
	}
	closed() {
		const s = this.stream;
		s.inFlightClose.resolve(undefined);
		s.inFlightClose = undefined;
		if (s.state === 'erroring') {
			s.error = undefined;
			if (s.pendingAbort !== undefined) {
				s.pendingAbort.deferred.resolve(undefined);
				s.pendingAbort = undefined;
			}
		}
		s.state = 'closed';
		if (s.writer !== undefined) {
			s.writer.closed.pending = false;
			s.writer.closed.resolve(undefined);
		}
	}
	processWrite(chunk) {
		const s = this.stream;
		s.inFlight = s.requests.shift();
		this.write(chunk).then(() => {
			s.inFlight.resolve(undefined);
			s.inFlight = undefined;
			const { state } = s;
			this.queue.dequeue();
			if (!closeQueued(s) && state === 'writable') updateBackpressure(s, this.desiredSize <= 0);
			this.advance();
		}, (e) => {
			if (s.state === 'writable') this.clear();
			s.inFlight.reject(e);
			s.inFlight = undefined;
			dealWithRejection(s, e);
		});
	}
	errorIfNeeded(e) { if (this.stream.state === 'writable') this.error(e); }
	error(e) {
		this.clear();
		startErroring(this.stream, e);
	}
}

class WritableStreamDefaultController {
	#c;
	constructor(key = undefined, c = undefined) {
		if (key !== INTERNAL) throw new TypeError('Illegal constructor');
		this.#c = c;
	}
	get signal() { if (!(#c in this)) throw illegal(); return this.#c.signal; }
	error(e = undefined) {
		if (!(#c in this)) throw illegal();
		if (this.#c.stream.state === 'writable') this.#c.error(e);
	}
}
publish('WritableStreamDefaultController', WritableStreamDefaultController);

/** A stream over algorithms that return promises. */
function newWritableStream({ start, write = () => Promise.resolve(), close = () => Promise.resolve(), abort = () => Promise.resolve(), hwm = 1, size = () => 1 }) {
	const s = newWritableState();
	const c = new WritableControl(s, { write, close, abort, hwm, size });
	c.start(start === undefined ? undefined : start(c));
	return s;
}

class WritableStream {
	#s;
	static {
		writableState = (o) => (isObject(o) && #s in o ? o.#s : undefined);
	}
	constructor(sink = undefined, strategy = undefined) {
		if (sink === INTERNAL) {
			this.#s = strategy;
			return;
		}
		if (sink !== undefined && !isObject(sink)) throw new TypeError('The underlying sink is not an object.');
		strategy = dictionary(strategy, 'QueuingStrategy');
		const dict = sink ?? {};
		const abort = method(dict, 'abort');
		const close = method(dict, 'close');
		const start = method(dict, 'start');
		const type = dict.type;
		const write = method(dict, 'write');
		if (type !== undefined) throw new RangeError('The type of an underlying sink must be undefined.');
		const size = sizeAlgorithm(strategy);
		const hwm = highWaterMark(strategy, 1);
		const s = newWritableState();
		this.#s = s;
		const c = new WritableControl(s, {
			hwm,
			size,
			close: close === undefined ? () => Promise.resolve() : () => promised(close),
			abort: abort === undefined ? () => Promise.resolve() : (reason) => promised(abort, reason),
		});
		const shell = new WritableStreamDefaultController(INTERNAL, c);
		c.write = write === undefined ? () => Promise.resolve() : (chunk) => promised(write, chunk, shell);
		c.start(start === undefined ? undefined : start(shell));
	}
	get locked() { if (!(#s in this)) throw illegal(); return this.#s.writer !== undefined; }
	abort(reason = undefined) {
		if (!isObject(this) || !(#s in this)) return Promise.reject(illegal());
		if (this.#s.writer !== undefined) return Promise.reject(new TypeError(lockedWriter));
		return writableAbort(this.#s, reason);
	}
	close() {
		if (!isObject(this) || !(#s in this)) return Promise.reject(illegal());
		if (this.#s.writer !== undefined) return Promise.reject(new TypeError(lockedWriter));
		if (closeQueued(this.#s)) return Promise.reject(new TypeError('This WritableStream is being closed.'));
		return writableClose(this.#s);
	}
	getWriter() {
		if (!(#s in this)) throw illegal();
		return new WritableStreamDefaultWriter(this);
	}
}
publish('WritableStream', WritableStream);

function newWriter(s) {
	if (s.writer !== undefined) throw new TypeError(lockedWriter);
	const writer = { stream: s, ready: undefined, closed: undefined };
	s.writer = writer;
	const ready = () => settledDefer(Promise.resolve(undefined));
	switch (s.state) {
		case 'writable':
			writer.ready = !closeQueued(s) && s.backpressure ? defer() : ready();
			writer.closed = defer();
			break;
		case 'erroring':
			writer.ready = settledDefer(handled(Promise.reject(s.error)));
			writer.closed = defer();
			break;
		case 'closed':
			writer.ready = ready();
			writer.closed = settledDefer(Promise.resolve(undefined));
			break;
		default:
			writer.ready = settledDefer(handled(Promise.reject(s.error)));
			writer.closed = settledDefer(handled(Promise.reject(s.error)));
	}
	return writer;
}

function writerWrite(writer, chunk) {
	const s = writer.stream;
	const c = s.controller;
	const size = c.chunkSize(chunk);
	if (s !== writer.stream) return Promise.reject(new TypeError(releasedWriter));
	if (s.state === 'errored') return Promise.reject(s.error);
	if (closeQueued(s) || s.state === 'closed') return Promise.reject(new TypeError('This WritableStream has been closed.'));
	if (s.state === 'erroring') return Promise.reject(s.error);
	const d = defer();
	s.requests.push(d);
	c.put(chunk, size);
	return d.promise;
}

function writerRelease(writer) {
	const s = writer.stream;
	const e = new TypeError(releasedWriter);
	rejectReady(writer, e);
	rejectClosed(writer, e);
	s.writer = undefined;
	writer.stream = undefined;
}

function writerDesiredSize(writer) {
	const s = writer.stream;
	if (s.state === 'errored' || s.state === 'erroring') return null;
	return s.state === 'closed' ? 0 : s.controller.desiredSize;
}

class WritableStreamDefaultWriter {
	#w;
	constructor(stream) {
		const s = writableState(stream);
		if (s === undefined) throw new TypeError('A writer needs a WritableStream.');
		this.#w = newWriter(s);
	}
	get closed() { return isObject(this) && #w in this ? this.#w.closed.promise : Promise.reject(illegal()); }
	get ready() { return isObject(this) && #w in this ? this.#w.ready.promise : Promise.reject(illegal()); }
	get desiredSize() {
		if (!(#w in this)) throw illegal();
		if (this.#w.stream === undefined) throw new TypeError(releasedWriter);
		return writerDesiredSize(this.#w);
	}
	abort(reason = undefined) {
		if (!isObject(this) || !(#w in this)) return Promise.reject(illegal());
		if (this.#w.stream === undefined) return Promise.reject(new TypeError(releasedWriter));
		return writableAbort(this.#w.stream, reason);
	}
	close() {
		if (!isObject(this) || !(#w in this)) return Promise.reject(illegal());
		const s = this.#w.stream;
		if (s === undefined) return Promise.reject(new TypeError(releasedWriter));
		if (closeQueued(s)) return Promise.reject(new TypeError('This WritableStream is being closed.'));
		return writableClose(s);
	}
	releaseLock() {
		if (!(#w in this)) throw illegal();
		if (this.#w.stream !== undefined) writerRelease(this.#w);
	}
	write(chunk = undefined) {
		if (!isObject(this) || !(#w in this)) return Promise.reject(illegal());
		if (this.#w.stream === undefined) return Promise.reject(new TypeError(releasedWriter));
		return writerWrite(this.#w, chunk);
	}
}
publish('WritableStreamDefaultWriter', WritableStreamDefaultWriter);
