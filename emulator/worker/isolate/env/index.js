// What the isolate takes from the shims: the bindings by class, what the "cloudflare:" modules export
// and the globals that are plain JavaScript.

import { absent } from './absent.js'
import { Fetcher, service, unsupported, ownExports } from './fetcher.js'
import { installGlobals } from './globals.js'
import { installTag } from './tag.js'
import {
  WorkerEntrypoint, DurableObject, WorkflowEntrypoint, RpcTarget, RpcStub, RpcPromise, RpcProperty, ServiceStub,
  connect, EmailMessage, NonRetryableError, following,
} from './workers.js'

export const workers = {
  WorkerEntrypoint, DurableObject, WorkflowEntrypoint, RpcTarget, RpcStub, RpcPromise, RpcProperty, ServiceStub,
  connect, EmailMessage, NonRetryableError,
}

/** @param {{reportError: (error: unknown) => void, illegalInvocation: string, define: (object: object, properties: object) => void}} natives */
export function install(natives) {
  installTag(natives)
  installGlobals(natives)
}

/**
 * What makes an env property. All but the last ones take a wire and the compatibility settings. The module
 * of a product runs when the first binding of it is made: at start-up, before the Worker's code.
 */
export const bindings = {
  Ai: wire => new (require('./ai.js').Ai)(wire),
  D1Database: wire => new (require('./d1.js').D1Database)(wire),
  KvNamespace: wire => new (require('./kv.js').KvNamespace)(wire),
  Queue: (wire, compat) => new (require('./queue.js').Queue)(wire, compat),
  R2Bucket: (wire, compat) => new (require('./r2.js').R2Bucket)(wire, compat),
  Fetcher: fetch => new Fetcher(fetch),
  service,
  unsupported,
  absent,
  following,
  ownExports,
}
