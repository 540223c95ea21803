class Point { constructor() { this.x = 1 } }
class C {}
const circle = {}
circle.self = circle
function named() {}

const groups = {
  levels() { console.debug('d'); console.log('l'); console.info('i'); console.warn('w'); console.error('e') },
  'several values'() { console.log('a', 1, true, null, undefined, 5n) },
  'a string is printed as it is'() { console.log('it\'s "so"') },
  'strings inside are quoted'() { console.log(['a', "it's"], { k: 'v' }) },
  'objects and arrays'() { console.log({ a: 1, b: { c: [1, 2] } }, [1, [2]]) },
  depth() { console.log({ a: { b: { c: { d: 1 } } } }) },
  classes() { console.log(new Point()) },
  functions() { console.log(named, (() => () => {})(), C) },
  'Map and Set'() { console.log(new Map([['a', 1]]), new Set([1, 2])) },
  'dates, expressions, symbols'() { console.log(new Date(0), /x/g, Symbol('s')) },
  'typed arrays'() { console.log(new Uint8Array([1, 2, 3])) },
  circles() { console.log(circle) },
  'null prototypes'() { console.log(Object.assign(Object.create(null), { a: 1 })) },
  'empty ones'() { console.log({}, [], "''") },
  'holes and undefined'() { console.log([1, , 3], { u: undefined }) },
  'negative zero and NaN'() { console.log(-0, NaN) },
  promises() { console.log(Promise.resolve(1), new Promise(() => {})) },
  'formats %s %d %i %f'() { console.log('%s %d %i %f %%', 'a', 1.5, 1.5, 1.5) },
  'formats %j %o %O %c'() { console.log('%j %O %c', { a: 1 }, { a: 1 }, 'css') },
  'more values than formats'() { console.log('%s', 'a', 'b', 1) },
  'fewer values than formats'() { console.log('%s %s', 'a') },
  nothing() { console.log() },
  group() {
    console.group('G')
    console.log('in')
    console.groupCollapsed('H')
    console.log('deep')
    console.groupEnd()
    console.groupEnd()
    console.log('out')
  },
  count() { console.count(); console.count(); console.count('x'); console.countReset(); console.count() },
  assert() { console.assert(true, 'not'); console.assert(false); console.assert(false, 'text', 1) },
  dir() { console.dir({ a: 1 }) },
  'errors have their stack'() {
    const said = []
    const { stack } = new Error('x')
    said.push(stack.startsWith('Error: x\n'))
    console.log(said[0])
  },
  'time and table'() { console.time('t'); console.timeEnd('t'); console.table([{ a: 1 }]) },
  source: printHere,
}

function printHere() {
  // The clause on sources knows this line and column:

  console.log('here')
}

export default {
  fetch() {
    for (const [name, run] of Object.entries(groups)) {
      console.log('MARK ' + name)
      run()
    }
    console.log('MARK end')
    console.log('END')
    return new Response()
  },
}
