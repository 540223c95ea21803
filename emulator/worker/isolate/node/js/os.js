// node:os: what can be said of a machine that nobody knows.

import constants from 'node:internal/osconstants'
import { absent } from 'node:internal/absent'

export { constants }
export const EOL = '\n'
export const devNull = '/dev/null'

const says = value => () => value

export const arch = says('x64')
export const availableParallelism = says(1)
export const cpus = () => []
export const endianness = says('LE')
export const freemem = says(0)
export const getPriority = says(0)
export const homedir = says('/tmp')
export const hostname = says('localhost')
export const loadavg = () => [0, 0, 0]
export const machine = says('x86_64')
export const networkInterfaces = () => ({})
export const platform = says('linux')
export const release = says('')
export const setPriority = absent('os', 'setPriority')
export const tmpdir = says('/tmp')
export const totalmem = says(0)
export const type = says('Linux')
export const uptime = says(0)
export const userInfo = () => ({ uid: -1, gid: -1, username: 'nobody', homedir: '/tmp', shell: null })
export const version = says('')

const os = {
  EOL, arch, availableParallelism, constants, cpus, devNull, endianness, freemem, getPriority, homedir, hostname, loadavg, machine,
  networkInterfaces, platform, release, setPriority, tmpdir, totalmem, type, uptime, userInfo, version,
}
for (const [name, f] of Object.entries(os)) {
  if (typeof f === 'function') Object.defineProperty(f, 'name', { value: name })
}

export default os
