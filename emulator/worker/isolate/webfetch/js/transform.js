
// TransformStream and its controller.

/** The state behind a TransformStream: its two sides and the algorithms between them. */
class TransformControl {
	constructor({ transform, flush, cancel, readableHwm = 0, readableSize = () => 1, writableHwm = 1, writableSize = () => 1, started }) {
		this.transform = transform;
		this.flush = flush;
		this.cancel = cancel;
		this.finishing = undefined;
		this.backpressure = undefined;
		this.change = undefined;
		this.writable = newWritableStream({
			start: () => started,
			write: (chunk) => this.sinkWrite(chunk),
			close: () => this.sinkClose(),
			abort: (reason) => this.sinkAbort(reason),
			hwm: writableHwm,
			size: writableSize,
		});
		this.readable = newDefaultStream({
			start: () => started,
			pull: () => this.sourcePull(),
			cancel: (reason) => this.sourceCancel(reason),
			hwm: readableHwm,
			size: readableSize,
		});
		this.setBackpressure(true);
	}
	setBackpressure(backpressure) {
		this.change?.resolve(undefined);
		this.change = defer();
		this.backpressure = backpressure;
	}
	clear() { this.transform = this.flush = this.cancel = undefined; }
	get desiredSize() { return this.readable.controller.desiredSize; }
	enqueue(chunk) {
		const c = this.readable.controller;
		if (!c.open) throw new TypeError('The readable side is not in a state that permits enqueue.');
		try {
			c.enqueue(chunk);
		} catch (e) {
			this.errorWritable(e);
			throw this.readable.error;
		}
		const backpressure = !c.shouldPull();
		if (backpressure !== this.backpressure) this.setBackpressure(true);
	}
	error(e) {
		this.readable.controller.error(e);
		this.errorWritable(e);
	}
	errorWritable(e) {
		this.clear();
		this.writable.controller.errorIfNeeded(e);
		this.unblock();
	}
	unblock() { if (this.backpressure) this.setBackpressure(false); }
	terminate() {
		this.readable.controller.close();
		this.errorWritable(new TypeError('The TransformStream has been terminated.'));
	}
	perform(chunk) {
		return this.transform(chunk).then(undefined, (e) => {
			this.error(e);
			throw e;
		});
	}
	sinkWrite(chunk) {
		if (!this.backpressure) return this.perform(chunk);
		return this.change.promise.then(() => {
			if (this.writable.state === 'erroring') throw this.writable.error;
			return this.perform(chunk);
		});
	}
	sinkAbort(reason) {
		if (this.finishing !== undefined) return this.finishing.promise;
		this.finishing = defer();
		const { readable, finishing } = this;
		const cancelled = this.cancel(reason);
		this.clear();
		cancelled.then(() => {
			if (readable.state === 'errored') {
				finishing.reject(readable.error);
				return;
			}
			readable.controller.error(reason);
			finishing.resolve(undefined);
		}, (e) => {
			readable.controller.error(e);
			finishing.reject(e);
		});
		return finishing.promise;
	}
	sinkClose() {
		if (this.finishing !== undefined) return this.finishing.promise;
		this.finishing = defer();
		const { readable, finishing } = this;
		const flushed = this.flush();
		this.clear();
		flushed.then(() => {
			if (readable.state === 'errored') {
				finishing.reject(readable.error);
				return;
			}
			readable.controller.close();
			finishing.resolve(undefined);
		}, (e) => {
			readable.controller.error(e);
			finishing.reject(e);
		});
		return finishing.promise;
	}
	sourcePull() {
		this.setBackpressure(false);
		return this.change.promise;
	}
	sourceCancel(reason) {
		if (this.finishing !== undefined) return this.finishing.promise;
		this.finishing = defer();
		const { writable, finishing } = this;
		const cancelled = this.cancel(reason);
		this.clear();
		cancelled.then(() => {
			if (writable.state === 'errored') {
				finishing.reject(writable.error);
				return;
			}
			writable.controller.errorIfNeeded(reason);
			this.unblock();
			finishing.resolve(undefined);
		}, (e) => {
			writable.controller.errorIfNeeded(e);
			this.unblock();
			finishing.reject(e);
		});
		return finishing.promise;
	}
}

class TransformStreamDefaultController {
	#c;
	constructor(key = undefined, c = undefined) {
		if (key !== INTERNAL) throw new TypeError('Illegal constructor');
		this.#c = c;
	}
	get desiredSize() { if (!(#c in this)) throw illegal(); return this.#c.desiredSize; }
	enqueue(chunk = undefined) { if (!(#c in this)) throw illegal(); this.#c.enqueue(chunk); }
	error(reason = undefined) { if (!(#c in this)) throw illegal(); this.#c.error(reason); }
	terminate() { if (!(#c in this)) throw illegal(); this.#c.terminate(); }
}
publish('TransformStreamDefaultController', TransformStreamDefaultController);

class TransformStream {
	#readable;
	#writable;
	constructor(transformer = undefined, writableStrategy = undefined, readableStrategy = undefined) {
		if (transformer === INTERNAL) {
			this.#readable = wrapStream(writableStrategy.readable);
			this.#writable = wrapWritable(writableStrategy.writable);
			return;
		}
		if (transformer !== undefined && !isObject(transformer)) throw new TypeError('The transformer is not an object.');
		writableStrategy = dictionary(writableStrategy, 'QueuingStrategy');
		readableStrategy = dictionary(readableStrategy, 'QueuingStrategy');
		const dict = transformer ?? {};
		const cancel = method(dict, 'cancel');
		const flush = method(dict, 'flush');
		const { readableType } = dict;
		const start = method(dict, 'start');
		const transform = method(dict, 'transform');
		const { writableType } = dict;
		if (readableType !== undefined) throw new RangeError("The 'readableType' member must be undefined.");
		if (writableType !== undefined) throw new RangeError("The 'writableType' member must be undefined.");
		const readableHwm = highWaterMark(readableStrategy, 0);
		const readableSize = sizeAlgorithm(readableStrategy);
		const writableHwm = highWaterMark(writableStrategy, 1);
		const writableSize = sizeAlgorithm(writableStrategy);
		const started = defer();
		const c = new TransformControl({
			readableHwm, readableSize, writableHwm, writableSize,
			started: started.promise,
			transform: transform === undefined
				? (chunk) => promised(() => c.enqueue(chunk))
				: (chunk) => promised(transform, chunk, shell),
			flush: flush === undefined ? () => Promise.resolve() : () => promised(flush, shell),
			cancel: cancel === undefined ? () => Promise.resolve() : (reason) => promised(cancel, reason),
		});
		const shell = new TransformStreamDefaultController(INTERNAL, c);
		this.#readable = wrapStream(c.readable);
		this.#writable = wrapWritable(c.writable);
		started.resolve(start === undefined ? undefined : start(shell));
	}
	get readable() { if (!(#readable in this)) throw illegal(); return this.#readable; }
	get writable() { if (!(#writable in this)) throw illegal(); return this.#writable; }
}
publish('TransformStream', TransformStream);
