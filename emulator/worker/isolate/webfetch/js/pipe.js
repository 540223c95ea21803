
// pipeTo.

function pipeOptions(options) {
	const dict = dictionary(options, 'StreamPipeOptions');
	const preventAbort = Boolean(dict.preventAbort);
	const preventCancel = Boolean(dict.preventCancel);
	const preventClose = Boolean(dict.preventClose);
	const { signal } = dict;
	if (signal !== undefined && !native.isSignal(signal)) throw new TypeError("The 'signal' member is not an AbortSignal.");
	return { preventAbort, preventCancel, preventClose, signal };
}

function pipe(source, dest, { preventAbort, preventCancel, preventClose, signal }) {
	if (signal === undefined && !preventClose && dest.identity !== null) {
		const spliced = splice(source, dest);
		if (spliced !== undefined) return spliced;
	}
	const reader = newReader(source, false);
	const writer = newWriter(dest);
	source.disturbed = true;
	const result = defer();
	let lastWrite = Promise.resolve();
	let shuttingDown = false;
	let removeAbort = noop;

	const finalize = (failed, e) => {
		writerRelease(writer);
		releaseReader(reader);
		removeAbort();
		if (failed) result.reject(e);
		else result.resolve(undefined);
	};
	/** Waits until all that was read has been written. */
	const settled = () => {
		const seen = lastWrite;
		return seen.then(() => (seen === lastWrite ? undefined : settled()), () => (seen === lastWrite ? undefined : settled()));
	};
	const shutdown = (action, failed, e) => {
		if (shuttingDown) return;
		shuttingDown = true;
		const act = () => {
			if (action === undefined) {
				finalize(failed, e);
				return;
			}
			action().then(() => finalize(failed, e), (e2) => finalize(true, e2));
		};
		if (dest.state === 'writable' && !closeQueued(dest)) settled().then(act);
		else act();
	};

	if (signal !== undefined) {
		const abort = () => {
			const { reason } = signal;
			shutdown(() => {
				const acts = [];
				if (!preventAbort) acts.push(dest.state === 'writable' ? writableAbort(dest, reason) : Promise.resolve());
				if (!preventCancel) acts.push(source.state === 'readable' ? readableCancel(source, reason) : Promise.resolve());
				return Promise.all(acts);
			}, true, reason);
		};
		if (signal.aborted) {
			abort();
			return result.promise;
		}
		removeAbort = native.onAbort(signal, abort);
	}

	const sourceErrored = () => {
		if (preventAbort) shutdown(undefined, true, source.error);
		else shutdown(() => writableAbort(dest, source.error), true, source.error);
	};
	const destErrored = () => {
		if (preventCancel) shutdown(undefined, true, dest.error);
		else shutdown(() => readableCancel(source, dest.error), true, dest.error);
	};
	const sourceClosed = () => {
		if (preventClose) shutdown();
		else shutdown(() => {
			if (closeQueued(dest) || dest.state === 'closed') return Promise.resolve();
			if (dest.state === 'errored') return Promise.reject(dest.error);
			return writableClose(dest);
		});
	};
	if (source.state === 'errored') sourceErrored();
	else handled(reader.closed.promise.then(undefined, sourceErrored));
	if (dest.state === 'errored') destErrored();
	else handled(writer.closed.promise.then(undefined, destErrored));
	if (source.state === 'closed') sourceClosed();
	else handled(reader.closed.promise.then(sourceClosed, noop));
	if (closeQueued(dest) || dest.state === 'closed') {
		const e = new TypeError('The destination of the pipe has been closed.');
		if (preventCancel) shutdown(undefined, true, e);
		else shutdown(() => readableCancel(source, e), true, e);
	}

	// Chunks are written in the very call that reads them; only their order matters to the destination.
	const step = () => {
		if (shuttingDown) return;
		writer.ready.promise.then(() => {
			if (shuttingDown) return;
			readDefault(reader, {
				chunk(value) {
					lastWrite = handled(writerWrite(writer, value));
					resolved.then(step);
				},
				close: noop,
				error: noop,
			});
		}, noop);
	};
	step();
	return result.promise;
}
