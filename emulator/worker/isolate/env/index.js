// What the isolate takes from the shims: the bindings by class, what the "cloudflare:" modules export
// and the globals that are plain JavaScript.

import { absent } from './absent.js'
import { Ai } from './ai.js'
import { D1Database } from './d1.js'
import { Fetcher, service, unsupported, ownExports } from './fetcher.js'
import { installGlobals } from './globals.js'
import { KvNamespace } from './kv.js'
import { Queue } from './queue.js'
import { R2Bucket } from './r2.js'
import {
  WorkerEntrypoint, DurableObject, WorkflowEntrypoint, RpcTarget, RpcStub, RpcPromise, RpcProperty, ServiceStub,
  connect, EmailMessage, NonRetryableError, following,
} from './workers.js'

export const workers = {
  WorkerEntrypoint, DurableObject, WorkflowEntrypoint, RpcTarget, RpcStub, RpcPromise, RpcProperty, ServiceStub,
  connect, EmailMessage, NonRetryableError,
}

/** @param {{reportError: (error: unknown) => void, illegalInvocation: string}} natives */
export function install(natives) {
  installGlobals(natives)
}

/** What makes an env property. All but the last ones take a wire and the compatibility settings. */
export const bindings = {
  Ai: wire => new Ai(wire),
  D1Database: wire => new D1Database(wire),
  KvNamespace: wire => new KvNamespace(wire),
  Queue: (wire, compat) => new Queue(wire, compat),
  R2Bucket: (wire, compat) => new R2Bucket(wire, compat),
  Fetcher: fetch => new Fetcher(fetch),
  service,
  unsupported,
  absent,
  following,
  ownExports,
}
