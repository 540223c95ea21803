// node:path/win32.

import both from 'node:internal/path'

export const {
  resolve, normalize, isAbsolute, join, relative, toNamespacedPath, dirname, basename, extname, format, parse, sep, delimiter,
  win32, posix, _makeLong,
} = both.win32

export default both.win32
