// Package isolate is the engine that runs Workers in this process, on goja: no Node and no child
// process. It implements worker.Engine.
//
// A loaded Worker is one isolate: one JavaScript runtime, one goroutine that runs its event loop, and
// any number of invocations whose code interleaves where it awaits, as in production. What waits for
// the world outside (a binding, fetch, a timer) does so elsewhere and comes back to the loop as a
// callback, which runs in the invocation that asked for it.
//
// The way in is Load: the Spec's modules become one program (module.go, by esbuild, with source maps
// that lead every stack frame back to the user's file), the Web APIs of the sub-packages and the
// bindings of env (env.go and env/*.js) are put around it, and its top-level code runs. The bindings
// speak the products' runtime wires; nothing here knows a product.
//
// Nothing is kept on disk. Everything of an isolate but its queue belongs to its loop's goroutine.
package isolate
