// node:_stream_readable, an old name of stream.Readable.
import { Readable } from 'node:stream';

export default Readable;
