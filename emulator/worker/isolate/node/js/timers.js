export const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis
export const setImmediate = (f, ...a) => setTimeout(f, 0, ...a)
export const clearImmediate = clearTimeout
export default { setTimeout }
