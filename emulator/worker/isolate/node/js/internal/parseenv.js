// The format of .env files, as util.parseEnv reads it.

import { validateString } from 'node:internal/validators'

const line = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*(?:"([^"]*)"|'([^']*)'|`([^`]*)`|([^\r\n#]*))/gm

/** @param {string} content */
export function parseEnv(content) {
  validateString(content, 'content')
  const env = {}
  for (const [, name, double, single, back, bare] of content.matchAll(line)) {
    if (double !== undefined) env[name] = double.replaceAll('\\n', '\n')
    else env[name] = single ?? back ?? bare.trim()
  }
  return env
}
