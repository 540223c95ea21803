// What the isolate takes from the shims: the bindings by class, the classes of "cloudflare:workers"
// and the globals that are plain JavaScript.

import { Ai } from './ai.js'
import { D1Database } from './d1.js'
import { Fetcher, unsupported } from './fetcher.js'
import { installGlobals } from './globals.js'
import { KvNamespace } from './kv.js'
import { Queue } from './queue.js'
import { R2Bucket } from './r2.js'
import { WorkerEntrypoint, DurableObject, WorkflowEntrypoint, RpcTarget, RpcStub, RpcPromise } from './workers.js'

export const workers = { WorkerEntrypoint, DurableObject, WorkflowEntrypoint, RpcTarget, RpcStub, RpcPromise }

/** @param {{reportError: (error: unknown) => void}} natives */
export function install(natives) {
  installGlobals(natives)
}

/** What makes an env property. All but the last two take a wire and the compatibility settings. */
export const bindings = {
  Ai: wire => new Ai(wire),
  D1Database: wire => new D1Database(wire),
  KvNamespace: wire => new KvNamespace(wire),
  Queue: (wire, compat) => new Queue(wire, compat),
  R2Bucket: (wire, compat) => new R2Bucket(wire, compat),
  Fetcher: fetch => new Fetcher(fetch),
  unsupported,
}
