import qs from 'node:querystring'

export default {
  'a space is escaped': () => qs.escape('a b'),
}
