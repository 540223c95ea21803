// node:stream/promises.
import { pipelinePromise } from 'node:internal/stream/pipeline';
import { finishedPromise } from 'node:internal/stream/finished';

function pipeline(...streams) { return pipelinePromise(...streams); }
function finished(stream, options) { return finishedPromise(stream, options); }

export default { pipeline, finished };
export { pipeline, finished };
