
// The streams that encode and decode: text and compressed bytes.

/** The two sides of a transform of ours. */
function newTransform({ transform, flush = noop, cancel = noop }) {
	const c = new TransformControl({
		started: undefined,
		transform: (chunk) => promised(transform, chunk, (v) => c.enqueue(v)),
		flush: () => promised(flush, (v) => c.enqueue(v)),
		cancel: () => promised(cancel),
	});
	return c;
}

class TextEncoderStream extends TransformStream {
	constructor() {
		const encoder = new global.TextEncoder();
		let high = ''; // the first half of a pair that the next chunk may complete
		super(INTERNAL, newTransform({
			transform(chunk, enqueue) {
				if (typeof chunk === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
				let text = high + String(chunk);
				high = '';
				const last = text.charCodeAt(text.length - 1);
				if (last >= 0xd800 && last <= 0xdbff) {
					high = text.slice(-1);
					text = text.slice(0, -1);
				}
				if (text !== '') enqueue(encoder.encode(text));
			},
			flush(enqueue) { if (high !== '') enqueue(encoder.encode(high)); },
		}));
	}
	get encoding() { if (!(this instanceof TextEncoderStream)) throw illegal(); return 'utf-8'; }
}
publish('TextEncoderStream', TextEncoderStream);

class TextDecoderStream extends TransformStream {
	#decoder;
	constructor(label = 'utf-8', options = undefined) {
		const dict = dictionary(options, 'TextDecoderOptions');
		const decoder = new global.TextDecoder(label, { fatal: Boolean(dict.fatal), ignoreBOM: Boolean(dict.ignoreBOM) });
		super(INTERNAL, newTransform({
			transform(chunk, enqueue) {
				if (!isView(chunk) && !(chunk instanceof ArrayBuffer)) throw new TypeError('A TextDecoderStream takes ArrayBuffers and views only.');
				const text = decoder.decode(chunk, { stream: true });
				if (text !== '') enqueue(text);
			},
			flush(enqueue) {
				const text = decoder.decode();
				if (text !== '') enqueue(text);
			},
		}));
		this.#decoder = decoder;
	}
	get encoding() { if (!(#decoder in this)) throw illegal(); return this.#decoder.encoding; }
	get fatal() { if (!(#decoder in this)) throw illegal(); return this.#decoder.fatal; }
	get ignoreBOM() { if (!(#decoder in this)) throw illegal(); return this.#decoder.ignoreBOM; }
}
publish('TextDecoderStream', TextDecoderStream);

function newCoding(format, decode) {
	format = String(format);
	if (!['gzip', 'deflate', 'deflate-raw'].includes(format)) {
		throw new TypeError("The compression format must be either 'deflate', 'deflate-raw' or 'gzip'.");
	}
	const coder = native.coder(format, decode);
	return newTransform({
		transform(chunk, enqueue) {
			if (!isView(chunk) && !(chunk instanceof ArrayBuffer)) throw new TypeError('A compression stream takes ArrayBuffers and views only.');
			const out = native.code(coder, chunk);
			if (out !== null) enqueue(out);
		},
		flush(enqueue) {
			const out = native.codeEnd(coder);
			if (out !== null) enqueue(out);
		},
		cancel() { native.codeFree(coder); },
	});
}

class CompressionStream extends TransformStream {
	constructor(format) { super(INTERNAL, newCoding(format, false)); }
}
publish('CompressionStream', CompressionStream);

class DecompressionStream extends TransformStream {
	constructor(format) { super(INTERNAL, newCoding(format, true)); }
}
publish('DecompressionStream', DecompressionStream);
