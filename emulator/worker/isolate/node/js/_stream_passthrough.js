// node:_stream_passthrough, an old name of stream.PassThrough.
import { PassThrough } from 'node:stream';

export default PassThrough;
