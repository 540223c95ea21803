// node:_stream_wrap, of Node's own use.
import { absent } from 'node:internal/absent'

export default absent('_stream_wrap', 'JSStreamSocket');
