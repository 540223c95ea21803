
// Tee of byte streams.

/** Tee of a byte stream: the original is read by default or into a branch's own view, as that asks. */
function byteTee(s) {
	let reader = newReader(s, false);
	let reading = false;
	const again = [false, false];
	const canceled = [false, false];
	const reasons = [undefined, undefined];
	const cancelled = defer();
	const branches = [];
	const control = (i) => branches[i].controller;
	const watch = (r) => r.closed.promise.then(undefined, (e) => {
		if (r !== reader) return;
		control(0).error(e);
		control(1).error(e);
		if (!canceled[0] || !canceled[1]) cancelled.resolve(undefined);
	});
	const switchTo = (byob) => {
		if (reader.byob === byob) return;
		releaseReader(reader);
		reader = newReader(s, byob);
		watch(reader);
	};
	const fail = (e) => {
		control(0).error(e);
		control(1).error(e);
		cancelled.resolve(readableCancel(s, e));
	};
	const next = () => {
		reading = false;
		if (again[0]) pull(0);
		else if (again[1]) pull(1);
	};
	const finish = (view, first) => {
		reading = false;
		for (const i of [0, 1]) if (!canceled[i]) control(i).close();
		if (view !== undefined && !canceled[first]) control(first).respondWithView(view);
		for (const i of view === undefined ? [0, 1] : [1 - first]) {
			if (!canceled[i] && control(i).pending.length > 0) control(i).respond(0);
		}
		if (!canceled[0] || !canceled[1]) cancelled.resolve(undefined);
	};
	const pullDefault = () => {
		switchTo(false);
		readDefault(reader, {
			chunk(chunk) {
				resolved.then(() => {
					again[0] = again[1] = false;
					let copy = chunk;
					if (!canceled[0] && !canceled[1]) copy = chunk.slice();
					if (!canceled[0]) control(0).enqueue(chunk);
					if (!canceled[1]) control(1).enqueue(canceled[0] ? chunk : copy);
					next();
				});
			},
			close() { finish(undefined, 0); },
			error() { reading = false; },
		});
	};
	const pullInto = (view, first) => {
		switchTo(true);
		const second = 1 - first;
		s.disturbed = true;
		s.controller.pullInto(view, 1, {
			chunk(chunk) {
				resolved.then(() => {
					again[0] = again[1] = false;
					if (!canceled[second]) {
						let copy;
						try {
							copy = new Uint8Array(chunk).slice();
						} catch (e) {
							fail(e);
							return;
						}
						if (!canceled[first]) control(first).respondWithView(chunk);
						control(second).enqueue(copy);
					} else if (!canceled[first]) {
						control(first).respondWithView(chunk);
					}
					next();
				});
			},
			close(chunk) { finish(chunk, first); },
			error() { reading = false; },
		});
	};
	const pull = (i) => {
		if (reading) {
			again[i] = true;
			return Promise.resolve();
		}
		reading = true;
		const request = control(i).byobRequest();
		if (request === null) pullDefault();
		else pullInto(request.view, i);
		return Promise.resolve();
	};
	const cancel = (i) => (reason) => {
		canceled[i] = true;
		reasons[i] = reason;
		if (canceled[1 - i]) cancelled.resolve(readableCancel(s, reasons));
		return cancelled.promise;
	};
	for (const i of [0, 1]) branches.push(newByteStream({ pull: () => pull(i), cancel: cancel(i) }));
	watch(reader);
	return branches;
}
