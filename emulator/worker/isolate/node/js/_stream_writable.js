// node:_stream_writable, an old name of stream.Writable.
import { Writable } from 'node:stream';

export default Writable;
