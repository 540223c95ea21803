// node:_stream_transform, an old name of stream.Transform.
import { Transform } from 'node:stream';

export default Transform;
