// The classes of "cloudflare:workers".

/** The base of Workers written as classes: one instance for each event. */
export class WorkerEntrypoint {
  constructor(ctx, env) {
    this.ctx = ctx
    this.env = env
  }
}

function unsupported(name) {
  return class {
    static { Object.defineProperty(this, 'name', { value: name, configurable: true }) }
    constructor() {
      throw new Error(`${name} is not supported by the embedded engine yet.`)
    }
  }
}

// Classes that extend these can be declared, so that a Worker that exports one beside its handlers
// loads; they cannot be constructed.
export const DurableObject = unsupported('DurableObject')
export const WorkflowEntrypoint = unsupported('WorkflowEntrypoint')
export const RpcStub = unsupported('RpcStub')
export const RpcPromise = unsupported('RpcPromise')

/** A marker for objects that may be passed by reference. */
export class RpcTarget {}
