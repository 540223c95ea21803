// node:path/posix.

import both from 'node:internal/path'

export const {
  resolve, normalize, isAbsolute, join, relative, toNamespacedPath, dirname, basename, extname, format, parse, sep, delimiter,
  win32, posix, _makeLong,
} = both.posix

export default both.posix
