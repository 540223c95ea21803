
// IdentityTransformStream and FixedLengthStream: Workers' pipes for bytes. A write is finished when its
// bytes have been read.

const identityText = 'This TransformStream is being used as a byte stream, but received ';

class Identity {
	constructor(length, options = undefined) {
		// By default one write waits at a time; a high water mark lets so many bytes wait.
		const hwm = dictionary(options, 'QueuingStrategy').highWaterMark;
		const strategy = hwm === undefined ? {} : { hwm: highWaterMark({ highWaterMark: hwm }, 1), size: (chunk) => chunk?.byteLength ?? 1 };
		this.length = length; // of all that will be written, -1 when unknown
		this.seen = 0;
		this.waiting = undefined; // {bytes, done} of a write that nobody has read yet
		this.wanted = undefined; // a pull that waits for a write
		this.source = undefined; // a Go reader that has been joined to the readable side
		this.finished = undefined;
		this.readable = newByteStream({
			pull: () => this.pull(),
			cancel: (reason) => this.cancel(reason),
		});
		this.readable.length = length;
		this.writable = newWritableStream({
			write: (chunk) => promised(() => this.write(chunk)),
			close: () => promised(() => this.close()),
			abort: (reason) => promised(() => this.abort(reason)),
			...strategy,
		});
		this.writable.identity = this;
	}
	bytes(chunk) {
		if (typeof chunk === 'string') {
			throw new TypeError(`${identityText}a string on its writable side. If you wish to write a string, you'll probably want to explicitly UTF-8-encode it with TextEncoder.`);
		}
		if (isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice();
		if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk.slice(0));
		throw new TypeError(`${identityText}an object of non-ArrayBuffer/ArrayBufferView type on its writable side.`);
	}
	write(chunk) {
		const bytes = this.bytes(chunk);
		if (bytes.length === 0) return undefined;
		this.count(bytes.length);
		const done = defer();
		this.waiting = { bytes, done };
		if (this.wanted !== undefined) this.deliver();
		return done.promise;
	}
	count(n) {
		this.seen += n;
		if (this.length < 0 || this.seen <= this.length) return;
		const e = new TypeError('Attempt to write too many bytes through a FixedLengthStream.');
		this.readable.controller.error(e);
		throw e;
	}
	deliver() {
		const { bytes, done } = this.waiting;
		this.waiting = undefined;
		const { wanted } = this;
		this.wanted = undefined;
		feed(this.readable.controller, bytes);
		wanted?.resolve(undefined);
		done.resolve(undefined);
	}
	pull() {
		if (this.source !== undefined) return pullNative(this.readable);
		if (this.waiting !== undefined) {
			this.deliver();
			return resolved;
		}
		this.wanted = defer();
		return this.wanted.promise;
	}
	end() {
		if (this.length >= 0 && this.seen < this.length) {
			const e = new TypeError('FixedLengthStream did not see all expected bytes before close().');
			this.readable.controller.error(e);
			throw e;
		}
		closeBytes(this.readable);
	}
	close() {
		this.end();
		this.wanted?.resolve(undefined);
		this.wanted = undefined;
	}
	abort(reason) {
		this.readable.controller.error(reason);
		this.wanted?.resolve(undefined);
		this.wanted = undefined;
	}
	cancel(reason) {
		// Who has read all that was promised may leave before the close comes: that takes nothing away.
		if (this.source === undefined && this.waiting === undefined && this.seen === this.length) return resolved;
		this.waiting?.done.reject(reason);
		this.waiting = undefined;
		this.wanted = undefined;
		if (this.source !== undefined) {
			native.close(this.source);
			this.finished(reason);
		}
		this.writable.controller.errorIfNeeded(reason);
		return Promise.resolve();
	}
}

/** Gives bytes that are ours to who reads a byte stream, into its own view when it has brought one. */
function feed(c, bytes) {
	if (c.stream.state !== 'readable') return;
	if (c.stream.reader !== null && c.stream.reader.byob) c.enqueue(bytes);
	else c.give(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Closes a byte stream of ours, with the views that wait in it. */
function closeBytes(s) {
	const c = s.controller;
	if (s.state !== 'readable') return;
	c.close();
	if (s.state === 'closed' && c.pending.length > 0) c.respond(0);
}

/**
 * Joins a stream over a Go reader to an identity stream without copying through JavaScript: the
 * identity's readable side becomes a stream over that reader.
 */
function splice(source, dest) {
	const { identity } = dest;
	const { readable } = identity;
	if (dest.state !== 'writable' || closeQueued(dest) || dest.requests.length > 0 || dest.inFlight !== undefined) return undefined;
	if (identity.seen > 0 || readable.state !== 'readable' || identity.source !== undefined) return undefined;
	const size = source.native === null ? -1 : native.size(source.native);
	if (identity.length >= 0 && size !== identity.length) return undefined;
	const handle = takeHandle(source);
	if (handle === undefined) return undefined;
	const done = defer();
	const writer = newWriter(dest);
	readable.native = native.watch(handle, (failed, e) => identity.finished?.(e, !failed));
	identity.finished = (e, whole) => {
		identity.finished = undefined;
		writerRelease(writer);
		if (whole) {
			dest.state = 'closed';
			done.resolve(undefined);
		} else {
			dest.controller.errorIfNeeded(e);
			done.reject(e);
		}
	};
	identity.source = readable.native;
	const { wanted } = identity;
	identity.wanted = undefined;
	if (wanted !== undefined) pullNative(readable).then(wanted.resolve, wanted.reject);
	return done.promise;
}

class IdentityTransformStream extends TransformStream {
	constructor(key = undefined, identity = undefined) {
		super(INTERNAL, key === INTERNAL ? identity : new Identity(-1, key));
	}
}
publish('IdentityTransformStream', IdentityTransformStream);

class FixedLengthStream extends IdentityTransformStream {
	constructor(expectedLength, options = undefined) {
		const n = typeof expectedLength === 'bigint' ? Number(expectedLength) : Math.trunc(Number(expectedLength));
		if (!Number.isSafeInteger(n) || n < 0) throw new TypeError('FixedLengthStream requires an integer expected length less than 2^53.');
		super(INTERNAL, new Identity(n, options));
	}
}
publish('FixedLengthStream', FixedLengthStream);
