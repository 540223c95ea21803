// node:_stream_duplex, an old name of stream.Duplex.
import { Duplex } from 'node:stream';

export default Duplex;
