
// Streams over Go readers, and what Go calls.

const nativeChunk = 65536;

/** A byte stream over a Go reader. It reads only when it is read from. */
function newNativeState(handle) {
	const s = newByteStream({
		pull: () => pullNative(s),
		cancel() { native.close(s.native); return Promise.resolve(); },
	});
	s.native = handle;
	s.length = native.size(handle);
	return s;
}

/** Reads once from the Go reader, for the first read that waits. */
function pullNative(s) {
	const c = s.controller;
	const first = c.pending.length > 0 && s.reader !== null && s.reader.byob ? c.pending.peek() : undefined;
	const want = first === undefined ? nativeChunk : Math.max(1, Math.min(first.length - first.filled, nativeChunk));
	let got;
	try {
		got = native.read(s.native, want);
	} catch (e) {
		return Promise.reject(e);
	}
	const deliver = (bytes) => {
		if (s.state !== 'readable') return;
		if (bytes === null) closeBytes(s);
		else feed(c, bytes);
	};
	if (got instanceof Promise) return got.then(deliver);
	deliver(got);
	return resolved;
}

const deadReader = () => ({ stream: undefined, byob: false, closed: settledDefer(resolved), requests: new Fifo() });

/** Takes the Go reader out of a stream that holds nothing read from it; the stream is over for others. */
function takeHandle(s) {
	if (s.native === null || s.state !== 'readable' || s.reader !== null) return undefined;
	const c = s.controller;
	if (c.total > 0 || c.pulling || c.pending.length > 0) return undefined;
	const handle = s.native;
	s.native = null;
	s.state = 'closed';
	s.disturbed = true;
	s.reader = deadReader();
	return handle;
}

/** Reads chunk after chunk; each(chunk) returns an error to stop with, finish(failed, error) hears of the end. */
function readLoop(s, reader, each, finish) {
	const step = () => {
		let more = true;
		while (more) {
			more = false;
			let inside = true;
			readDefault(reader, {
				chunk(v) {
					const e = each(v);
					if (e !== undefined) {
						handled(readableCancel(s, e));
						finish(true, e);
					} else if (inside) {
						more = true;
					} else {
						step();
					}
				},
				close() { finish(false, undefined); },
				error(e) { finish(true, e); },
			});
			inside = false;
		}
	};
	step();
}

exported.isReadable = (o) => streamState(o) !== undefined;
exported.isLocked = (o) => streamState(o).reader !== null;
exported.isDisturbed = (o) => streamState(o).disturbed;
exported.lengthOf = (o) => streamState(o).length;
exported.newNative = (handle) => wrapStream(newNativeState(handle));
exported.takeNative = (o) => takeHandle(streamState(o));
exported.tee = (o) => readableTee(streamState(o)).map(wrapStream);
exported.fromIterable = (o) => wrapStream(fromIterable(o));

/** Gives what o was to a new object; o is locked and disturbed from then on. */
exported.move = (o) => {
	const s = streamState(o);
	const gone = newReadableState();
	gone.state = 'closed';
	gone.disturbed = true;
	gone.reader = deadReader();
	setStreamState(o, gone);
	return wrapStream(s);
};

exported.collect = (o, each, finish) => {
	const s = streamState(o);
	readLoop(s, newReader(s, false), each, finish);
};

/** Locks o for Go, which asks for one chunk at a time. */
exported.pump = (o, take, finish) => {
	const s = streamState(o);
	const reader = newReader(s, false);
	s.disturbed = true;
	return {
		next() {
			readDefault(reader, {
				chunk(v) {
					const e = take(v);
					if (e !== undefined) handled(readableCancel(s, e));
				},
				close() { finish(false, undefined); },
				error(e) { finish(true, e); },
			});
		},
		cancel(reason) { handled(readableCancel(s, reason)); },
	};
};
