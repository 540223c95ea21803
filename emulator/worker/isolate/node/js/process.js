export function nextTick(f, ...a) { queueMicrotask(() => f(...a)) }
export default { nextTick }
