
// ReadableByteStreamController: a queue of pieces of buffers, and the views (pull-intos) that wait to
// be filled.

function autoAllocate(v) {
	if (v === undefined) return undefined;
	const n = Math.trunc(Number(v));
	if (!Number.isFinite(n) || n < 0 || n > Number.MAX_SAFE_INTEGER) throw new TypeError("The 'autoAllocateChunkSize' member is out of range.");
	if (n === 0) throw new TypeError("The 'autoAllocateChunkSize' member must be greater than 0.");
	return n;
}

const transfer = (buffer) => native.transfer(buffer);

class ByteControl {
	constructor(stream, { pull, cancel, hwm, auto }) {
		this.stream = stream;
		this.queue = new Fifo(); // of {buffer, offset, length}
		this.total = 0;
		this.started = this.closeRequested = this.pullAgain = this.pulling = false;
		this.hwm = hwm;
		this.pull = pull;
		this.cancel = cancel;
		this.auto = auto;
		this.request = null; // the ReadableStreamBYOBRequest that code has seen
		this.pending = new Fifo(); // of pull-intos
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
		return this.hwm - this.total;
	}
	shouldPull() {
		const s = this.stream;
		if (s.state !== 'readable' || this.closeRequested || !this.started) return false;
		if (s.reader !== null && s.reader.requests.length > 0) return true;
		return this.hwm - this.total > 0;
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
	clear() { this.pull = this.cancel = undefined; }
	reset() { this.queue = new Fifo(); this.total = 0; }
	invalidate() {
		if (this.request === null) return;
		invalidateRequest(this.request);
		this.request = null;
	}
	clearPending() {
		this.invalidate();
		this.pending = new Fifo();
	}
	error(e) {
		if (this.stream.state !== 'readable') return;
		this.clearPending();
		this.reset();
		this.clear();
		readableError(this.stream, e);
	}
	close() {
		const s = this.stream;
		if (this.closeRequested || s.state !== 'readable') return;
		if (this.total > 0) {
			this.closeRequested = true;
			return;
		}
		if (this.pending.length > 0) {
			const first = this.pending.peek();
			if (first.filled % first.element !== 0) {
				const e = new TypeError('The stream was closed in the middle of an element.');
				this.error(e);
				throw e;
			}
		}
		this.clear();
		readableClose(s);
	}
	enqueue(chunk) {
		const s = this.stream;
		if (this.closeRequested || s.state !== 'readable') return;
		const { buffer, byteOffset, byteLength } = chunk;
		if (native.detached(buffer)) throw new TypeError('The buffer of the chunk has been detached.');
		const moved = transfer(buffer);
		if (this.pending.length > 0) {
			const first = this.pending.peek();
			if (native.detached(first.buffer)) throw new TypeError('The buffer of the BYOB request has been detached.');
			this.invalidate();
			first.buffer = transfer(first.buffer);
			if (first.reader === 'none') this.enqueueDetached(first);
		}
		this.give(moved, byteOffset, byteLength);
	}
	/** Hands bytes whose buffer is already ours to who waits for them. */
	give(buffer, offset, length) {
		const reader = this.stream.reader;
		if (reader !== null && !reader.byob) {
			this.fillRequests();
			if (reader.requests.length === 0) {
				this.push(buffer, offset, length);
			} else {
				if (this.pending.length > 0) this.pending.shift();
				reader.requests.shift().chunk(new Uint8Array(buffer, offset, length));
			}
		} else if (reader !== null && reader.byob) {
			this.push(buffer, offset, length);
			for (const filled of this.fillFromQueue()) this.commit(filled);
		} else {
			this.push(buffer, offset, length);
		}
		this.callPull();
	}
	push(buffer, offset, length) {
		this.queue.push({ buffer, offset, length });
		this.total += length;
	}
	pushCopy(buffer, offset, length) {
		let copy;
		try {
			copy = buffer.slice(offset, offset + length);
		} catch (e) {
			this.error(e);
			throw e;
		}
		this.push(copy, 0, length);
	}
	enqueueDetached(pullInto) {
		if (pullInto.filled > 0) this.pushCopy(pullInto.buffer, pullInto.offset, pullInto.filled);
		this.pending.shift();
	}
	/** Answers default reads from the queue. */
	fillRequests() {
		const reader = this.stream.reader;
		while (reader.requests.length > 0 && this.total > 0) this.answer(reader.requests.shift());
	}
	answer(request) {
		const { buffer, offset, length } = this.queue.shift();
		this.total -= length;
		this.handleDrain();
		request.chunk(new Uint8Array(buffer, offset, length));
	}
	handleDrain() {
		if (this.total === 0 && this.closeRequested) {
			this.clear();
			readableClose(this.stream);
		} else {
			this.callPull();
		}
	}
	cancelSteps(reason) {
		this.clearPending();
		this.reset();
		const result = this.cancel(reason);
		this.clear();
		return result;
	}
	pullSteps(request) {
		if (this.total > 0) {
			this.answer(request);
			return;
		}
		if (this.auto !== undefined) {
			let buffer;
			try {
				buffer = new ArrayBuffer(this.auto);
			} catch (e) {
				request.error(e);
				return;
			}
			this.pending.push({ buffer, size: this.auto, offset: 0, length: this.auto, filled: 0, min: 1, element: 1, view: Uint8Array, reader: 'default' });
		}
		this.stream.reader.requests.push(request);
		this.callPull();
	}
	releaseSteps() {
		if (this.pending.length === 0) return;
		const first = this.pending.peek();
		first.reader = 'none';
		this.pending = new Fifo();
		this.pending.push(first);
	}
	pullInto(view, min, request) {
		const make = viewConstructor(view);
		const element = make === DataView ? 1 : make.BYTES_PER_ELEMENT;
		const { byteOffset, byteLength } = view;
		let buffer;
		try {
			buffer = transfer(view.buffer);
		} catch (e) {
			request.error(e);
			return;
		}
		const p = { buffer, size: buffer.byteLength, offset: byteOffset, length: byteLength, filled: 0, min: min * element, element, view: make, reader: 'byob' };
		const s = this.stream;
		if (this.pending.length > 0) {
			this.pending.push(p);
			s.reader.requests.push(request);
			return;
		}
		if (s.state === 'closed') {
			request.close(new make(buffer, byteOffset, 0));
			return;
		}
		if (this.total > 0) {
			if (this.fill(p)) {
				const filled = this.viewOf(p);
				this.handleDrain();
				request.chunk(filled);
				return;
			}
			if (this.closeRequested) {
				const e = new TypeError('The stream was closed in the middle of an element.');
				this.error(e);
				request.error(e);
				return;
			}
		}
		this.pending.push(p);
		s.reader.requests.push(request);
		this.callPull();
	}
	viewOf(p) { return new p.view(transfer(p.buffer), p.offset, p.filled / p.element); }
	commit(p) {
		const s = this.stream;
		const done = s.state === 'closed';
		const view = this.viewOf(p);
		const request = s.reader.requests.shift();
		if (p.reader === 'default' || !done) request.chunk(view);
		else request.close(view);
	}
	/** Fills p from the queue; true when it has enough. */
	fill(p) {
		const most = Math.min(this.total, p.length - p.filled);
		let left = most;
		let ready = false;
		const filled = p.filled + most;
		const aligned = filled - (filled % p.element);
		if (aligned >= p.min) {
			left = aligned - p.filled;
			ready = true;
		}
		while (left > 0) {
			const head = this.queue.peek();
			const n = Math.min(left, head.length);
			new Uint8Array(p.buffer, p.offset + p.filled, n).set(new Uint8Array(head.buffer, head.offset, n));
			if (head.length === n) {
				this.queue.shift();
			} else {
				head.offset += n;
				head.length -= n;
			}
			this.total -= n;
			p.filled += n;
			left -= n;
		}
		return ready;
	}
	fillFromQueue() {
		const filled = [];
		while (this.pending.length > 0 && this.total > 0) {
			const p = this.pending.peek();
			if (!this.fill(p)) break;
			this.pending.shift();
			filled.push(p);
		}
		return filled;
	}
	byobRequest() {
		if (this.request === null && this.pending.length > 0) {
			const first = this.pending.peek();
			const view = new Uint8Array(first.buffer, first.offset + first.filled, first.length - first.filled);
			this.request = new ReadableStreamBYOBRequest(INTERNAL, this, view);
		}
		return this.request;
	}
	respond(n) {
		const first = this.pending.peek();
		if (this.stream.state === 'closed') {
			if (n !== 0) throw new TypeError('The stream is closed: it can only be answered with 0 bytes.');
		} else {
			if (n === 0) throw new TypeError('A BYOB request cannot be answered with 0 bytes while the stream is open.');
			if (first.filled + n > first.length) throw new RangeError('The answer is greater than the BYOB request.');
		}
		first.buffer = transfer(first.buffer);
		this.respondInternal(n);
	}
	respondWithView(view) {
		const first = this.pending.peek();
		const { byteLength, byteOffset, buffer } = view;
		if (this.stream.state === 'closed') {
			if (byteLength !== 0) throw new TypeError('The stream is closed: it can only be answered with an empty view.');
		} else if (byteLength === 0) {
			throw new TypeError('A BYOB request cannot be answered with an empty view while the stream is open.');
		}
		if (first.offset + first.filled !== byteOffset) throw new RangeError('The view does not begin where the BYOB request does.');
		if (first.size !== buffer.byteLength) throw new RangeError("The view's buffer is not as long as that of the BYOB request.");
		if (first.filled + byteLength > first.length) throw new RangeError('The view is greater than the BYOB request.');
		first.buffer = transfer(buffer);
		this.respondInternal(byteLength);
	}
	respondInternal(n) {
		const first = this.pending.peek();
		this.invalidate();
		if (this.stream.state === 'closed') this.respondClosed(first);
		else this.respondReadable(n, first);
		this.callPull();
	}
	respondClosed(first) {
		if (first.reader === 'none') this.pending.shift();
		const reader = this.stream.reader;
		if (reader === null || !reader.byob) return;
		const filled = [];
		while (filled.length < reader.requests.length) filled.push(this.pending.shift());
		for (const p of filled) this.commit(p);
	}
	respondReadable(n, first) {
		first.filled += n;
		if (first.reader === 'none') {
			this.enqueueDetached(first);
			for (const filled of this.fillFromQueue()) this.commit(filled);
			return;
		}
		if (first.filled < first.min) return;
		this.pending.shift();
		const rest = first.filled % first.element;
		if (rest > 0) {
			const end = first.offset + first.filled;
			this.pushCopy(first.buffer, end - rest, rest);
		}
		first.filled -= rest;
		const filled = this.fillFromQueue();
		this.commit(first);
		for (const p of filled) this.commit(p);
	}
}

let invalidateRequest;

class ReadableStreamBYOBRequest {
	#c;
	#view;
	static {
		invalidateRequest = (r) => { r.#c = undefined; r.#view = null; };
	}
	constructor(key = undefined, c = undefined, view = undefined) {
		if (key !== INTERNAL) throw new TypeError('Illegal constructor');
		this.#c = c;
		this.#view = view;
	}
	get view() { if (!(#c in this)) throw illegal(); return this.#view; }
	respond(n) {
		if (!(#c in this)) throw illegal();
		if (arguments.length === 0) throw new TypeError('1 argument required, but only 0 present.');
		const bytes = Math.trunc(Number(n));
		if (!Number.isFinite(bytes) || bytes < 0) throw new TypeError('The number of bytes is out of range.');
		if (this.#c === undefined) throw new TypeError('This BYOB request has been invalidated.');
		if (native.detached(this.#view.buffer)) throw new TypeError('The buffer of the BYOB request has been detached.');
		this.#c.respond(bytes);
	}
	respondWithNewView(view) {
		if (!(#c in this)) throw illegal();
		if (!isView(view)) throw new TypeError('The argument is not a view.');
		if (this.#c === undefined) throw new TypeError('This BYOB request has been invalidated.');
		if (native.detached(view.buffer)) throw new TypeError('The buffer of the view has been detached.');
		this.#c.respondWithView(view);
	}
}
publish('ReadableStreamBYOBRequest', ReadableStreamBYOBRequest);

class ReadableByteStreamController {
	#c;
	constructor(key = undefined, c = undefined) {
		if (key !== INTERNAL) throw new TypeError('Illegal constructor');
		this.#c = c;
	}
	get byobRequest() { if (!(#c in this)) throw illegal(); return this.#c.byobRequest(); }
	get desiredSize() { if (!(#c in this)) throw illegal(); return this.#c.desiredSize; }
	close() {
		if (!(#c in this)) throw illegal();
		if (this.#c.closeRequested) throw new TypeError('The stream has been closed already.');
		if (this.#c.stream.state !== 'readable') throw new TypeError('The stream is not in a state that permits close.');
		this.#c.close();
	}
	enqueue(chunk) {
		if (!(#c in this)) throw illegal();
		if (!isView(chunk)) throw new TypeError('A byte stream takes views only.');
		if (chunk.byteLength === 0) throw new TypeError('A chunk of a byte stream cannot be empty.');
		if (chunk.buffer.byteLength === 0) throw new TypeError("A chunk's buffer cannot be empty.");
		if (this.#c.closeRequested) throw new TypeError('The stream has been closed already.');
		if (this.#c.stream.state !== 'readable') throw new TypeError('The stream is not in a state that permits enqueue.');
		this.#c.enqueue(chunk);
	}
	error(e = undefined) { if (!(#c in this)) throw illegal(); this.#c.error(e); }
}
publish('ReadableByteStreamController', ReadableByteStreamController);

/** A byte stream of our own; it starts at once. */
function newByteStream({ pull = () => resolved, cancel = () => resolved, hwm = 0 }) {
	const s = newReadableState();
	const c = new ByteControl(s, { pull, cancel, hwm, auto: undefined });
	c.started = true;
	return s;
}
