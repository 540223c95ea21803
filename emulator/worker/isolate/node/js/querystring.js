export function escape(text) { return encodeURIComponent(text) }
export default { escape }
