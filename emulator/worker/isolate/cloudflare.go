package isolate

// cloudflareModules are the texts of the modules that begin with "cloudflare:". What they export comes
// from the shims (workersExports).
var cloudflareModules = map[string]string{
	"cloudflare:workers": `export const { env, exports, waitUntil, withEnv, WorkerEntrypoint, DurableObject, WorkflowEntrypoint,
	RpcTarget, RpcStub, RpcPromise, RpcProperty, ServiceStub } = __cfemu.workers;`,
	"cloudflare:sockets":   `export const { connect } = __cfemu.workers;`,
	"cloudflare:email":     `export const { EmailMessage } = __cfemu.workers;`,
	"cloudflare:workflows": `export const { NonRetryableError } = __cfemu.workers;`,
}
