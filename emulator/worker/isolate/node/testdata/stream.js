// What streams do and in which order, as lines of a log.
import Stream, { Readable, Writable, Duplex, Transform, PassThrough, pipeline, finished, addAbortSignal, compose, duplexPair } from 'node:stream'
import { pipeline as pipelineP, finished as finishedP } from 'node:stream/promises'
import * as consumers from 'node:stream/consumers'
import EventEmitter from 'node:events'
import util from 'node:util'
import { Buffer } from 'node:buffer'

const wait = ms => new Promise(resolve => setTimeout(resolve, ms))

/** A log of a stream's events, with what it is told beside them. */
function logged(...streams) {
  const log = []
  for (const [name, stream] of streams) {
    for (const event of ['end', 'close', 'finish', 'pause', 'resume', 'readable', 'prefinish', 'drain', 'pipe', 'unpipe']) {
      if (event === 'readable') continue
      stream.on(event, () => log.push(`${name} ${event}`))
    }
    stream.on('error', err => log.push(`${name} error ${err.code ?? ''} ${err.message}`))
  }
  return log
}

const said = err => err ? `${err.name} ${err.code ?? ''} ${err.message}` : String(err)

/** A readable of the chunks, each pushed by one _read. */
function source(chunks, options) {
  const left = [...chunks]
  return new Readable({ objectMode: true, ...options, read() { this.push(left.length ? left.shift() : null) } })
}

export default {
  'the module is a class with all the others': () => [typeof Stream, Stream === Stream.Stream, Stream.Readable === Readable,
    Stream.promises.pipeline === pipelineP, Object.keys(Stream).sort().filter(k => k !== 'isDestroyed').join()],
  'the classes descend from one another': () => [Readable.prototype instanceof Stream, Stream.prototype instanceof EventEmitter,
    Duplex.prototype instanceof Readable, new Duplex() instanceof Writable, new Readable() instanceof Writable, new Transform() instanceof Duplex,
    Object.getPrototypeOf(PassThrough) === Transform, class extends Duplex {}.prototype instanceof Writable],
  'constructors work without new, and with util.inherits': async () => {
    function Upper(options) {
      if (!(this instanceof Upper)) return new Upper(options)
      Transform.call(this, options)
    }
    util.inherits(Upper, Transform)
    Upper.prototype._transform = (chunk, encoding, cb) => cb(null, String(chunk).toUpperCase())
    function Old() { Stream.call(this); this.readable = true }
    util.inherits(Old, Stream)
    const old = new Old()
    const out = old.pipe(Upper()).pipe(PassThrough())
    old.emit('data', 'abc')
    old.emit('data', 'def')
    old.emit('end')
    return [await consumers.text(out), Readable() instanceof Readable, Writable() instanceof Writable]
  },
  'data events flow': async () => {
    const r = source(['a', 'b'])
    const log = logged(['r', r])
    r.on('data', c => log.push('data ' + c))
    log.push('sync')
    await wait(1)
    return log
  },
  'readable events and read': async () => {
    const r = source(['ab', 'cd', 'ef'], { objectMode: false, highWaterMark: 4 })
    const log = logged(['r', r])
    r.on('readable', () => {
      log.push('readable ' + r.readableLength)
      let c
      while ((c = r.read(3)) !== null) log.push('read ' + c)
    })
    await wait(1)
    return [log, r.readableEnded, r.destroyed, r.closed]
  },
  'read of more than there is waits, and gives the rest at the end': async () => {
    const r = new Readable({ read() {} })
    r.push('abc')
    const log = [String(r.read(2)), r.read(5), r.readableLength]
    r.push('de')
    log.push(r.read(5), String(r.read(1)))
    r.push(null)
    log.push(String(r.read(5)))
    return log
  },
  'push tells when the buffer is full': () => {
    const r = new Readable({ highWaterMark: 4, read() {} })
    return [r.push('ab'), r.push('c'), r.push('d'), r.push(''), r.readableLength, r.readableHighWaterMark]
  },
  'push after the end is an error': async () => {
    const r = new Readable({ read() {} })
    const log = logged(['r', r])
    r.push(null)
    log.push(r.push('x'))
    r.resume()
    await wait(1)
    return log
  },
  'push takes bytes and strings only': async () => {
    const r = new Readable({ read() {} })
    const log = logged(['r', r])
    r.push(12)
    await wait(1)
    return log
  },
  'unshift puts back': async () => {
    const r = new Readable({ read() {} })
    r.push('world')
    r.unshift('hello ')
    r.push(null)
    return consumers.text(r)
  },
  'setEncoding cuts no character': async () => {
    const b = Buffer.from('añ€😀b')
    const r = new Readable({ read() {} })
    r.setEncoding('utf8')
    for (const x of b) r.push(Buffer.from([x]))
    r.push(null)
    const chunks = []
    for await (const c of r) chunks.push(c)
    return [chunks.join('|'), r.readableEncoding]
  },
  'the encoding option, base64 and hex': async () => {
    const out = []
    for (const encoding of ['hex', 'base64']) {
      const r = new Readable({ encoding, read() {} })
      r.push(Buffer.from('hell'))
      r.push('o', 'latin1')
      r.push(null)
      out.push(await r.toArray())
    }
    return out
  },
  'pause and resume': async () => {
    const r = source([1, 2, 3])
    const log = logged(['r', r])
    r.on('data', c => {
      log.push('data ' + c)
      if (c === 1) {
        r.pause()
        log.push([r.isPaused(), r.readableFlowing])
        setTimeout(() => r.resume(), 2)
      }
    })
    await finishedP(r)
    return log
  },
  'a readable listener that goes lets data flow again': async () => {
    const r = source(['x', 'y'])
    const log = []
    const f = () => log.push('readable')
    r.on('readable', f)
    r.on('data', c => log.push('data ' + c))
    log.push(r.readableFlowing)
    r.removeListener('readable', f)
    await finishedP(r)
    return log
  },
  'destroy before anything': async () => {
    const r = source([1])
    const log = logged(['r', r])
    r.destroy()
    log.push([r.destroyed, r.closed, r.readable, r.readableAborted])
    await wait(1)
    return [log, r.closed]
  },
  'destroy with an error': async () => {
    const w = new Writable({ write(c, e, cb) { cb() } })
    const log = logged(['w', w])
    w.destroy(new Error('boom'))
    log.push(said(w.errored))
    w.destroy(new Error('again'))
    await wait(1)
    return [log, w.writableFinished]
  },
  '_destroy may change the error and wait': async () => {
    const w = new Writable({ write(c, e, cb) { cb() }, destroy(err, cb) { setTimeout(() => cb(new Error(err.message + '!')), 1) } })
    const log = logged(['w', w])
    w.destroy(new Error('boom'))
    await wait(5)
    return log
  },
  'emitClose false and autoDestroy false': async () => {
    const r = source([], { autoDestroy: false })
    const s = source([], { emitClose: false })
    const log = logged(['r', r], ['s', s])
    r.resume()
    s.resume()
    await wait(1)
    return [log, r.destroyed, s.destroyed]
  },
  'an error thrown by _read destroys': async () => {
    const r = new Readable({ read() { throw new Error('in read') } })
    const log = logged(['r', r])
    r.resume()
    await wait(1)
    return log
  },
  'what is not implemented says so': async () => {
    const r = new Readable()
    const log = logged(['r', r])
    r.resume()
    await wait(1)
    const w = new Writable()
    try { w.write('x') } catch (e) { log.push(said(e)) }
    return log
  },
  'construct comes first': async () => {
    const log = []
    const w = new Writable({
      construct(cb) { log.push('construct'); setTimeout(() => { log.push('constructed'); cb() }, 1) },
      write(c, e, cb) { log.push('write ' + c); cb() },
      final(cb) { log.push('final'); cb() },
    })
    w.write('a')
    w.end('b')
    w.on('finish', () => log.push('finish')).on('close', () => log.push('close'))
    log.push('sync')
    await finishedP(w)
    await wait(1)
    return log
  },
  'construct that fails': async () => {
    const r = new Readable({ construct(cb) { cb(new Error('no')) }, read() {} })
    const log = logged(['r', r])
    await wait(1)
    return log
  },
  'writes are one at a time and callbacks in order': async () => {
    const log = []
    const w = new Writable({ highWaterMark: 3, write(c, e, cb) { log.push(`write ${c} ${e}`); setTimeout(cb, 1) } })
    w.on('drain', () => log.push('drain'))
    for (const s of ['ab', 'c', 'de']) log.push(w.write(s, err => log.push(`done ${s} ${err}`)))
    log.push([w.writableLength, w.writableNeedDrain])
    w.end(() => log.push('ended'))
    w.on('finish', () => log.push('finish')).on('close', () => log.push('close'))
    await finishedP(w)
    await wait(2)
    return [log, w.writableFinished, w.writableEnded]
  },
  'synchronous writes': async () => {
    const log = []
    const w = new Writable({ write(c, e, cb) { log.push('write ' + c); cb() }, final(cb) { log.push('final'); cb() } })
    logged(['w', w])
    w.on('prefinish', () => log.push('prefinish')).on('finish', () => log.push('finish')).on('close', () => log.push('close'))
    w.write('a', () => log.push('done a'))
    w.write('b', () => log.push('done b'))
    w.end('c', () => log.push('end cb'))
    log.push('sync')
    await wait(1)
    return log
  },
  'cork and writev': async () => {
    const log = []
    const w = new Writable({ decodeStrings: false, write(c, e, cb) { log.push('write ' + c); cb() }, writev(list, cb) { log.push(list.map(x => x.chunk + ' ' + x.encoding)); cb() } })
    w.cork()
    w.write('a')
    w.cork()
    w.write('b', 'latin1')
    w.uncork()
    log.push(w.writableCorked, w.writableLength)
    w.uncork()
    w.write('c')
    w.cork()
    w.write('d')
    w.end('e')
    await finishedP(w)
    return log
  },
  'a write that fails': async () => {
    const w = new Writable({ write(c, e, cb) { setTimeout(() => cb(new Error('disk full')), 1) } })
    const log = logged(['w', w])
    w.write('a', err => log.push('a ' + said(err)))
    w.write('b', err => log.push('b ' + said(err)))
    w.end(err => log.push('end ' + said(err)))
    await wait(5)
    return log
  },
  'a synchronous write that fails': async () => {
    const w = new Writable({ write(c, e, cb) { cb(new Error('no')) } })
    const log = logged(['w', w])
    log.push(w.write('a', err => log.push('a ' + said(err))))
    log.push(w.write('b', err => log.push('b ' + said(err))))
    await wait(1)
    return log
  },
  'a callback called twice': async () => {
    const w = new Writable({ write(c, e, cb) { cb(); cb() } })
    const log = logged(['w', w])
    w.write('a')
    await wait(1)
    return log
  },
  'final that fails': async () => {
    const w = new Writable({ write(c, e, cb) { cb() }, final(cb) { cb(new Error('late')) } })
    const log = logged(['w', w])
    w.end('x', err => log.push('end ' + said(err)))
    await wait(1)
    return log
  },
  'write after end, after destroy, of null and of numbers': async () => {
    const w = new Writable({ write(c, e, cb) { cb() } })
    const log = logged(['w', w])
    w.end()
    log.push(w.write('x', err => log.push('cb ' + said(err))))
    await wait(1)
    w.write('y', err => log.push('cb ' + said(err)))
    w.end(err => log.push('end ' + said(err)))
    await wait(1)
    const v = new Writable({ write(c, e, cb) { cb() } })
    for (const bad of [null, 1, undefined, {}]) try { v.write(bad) } catch (e) { log.push(said(e)) }
    try { v.write('x', 'klingon') } catch (e) { log.push(said(e)) }
    return log
  },
  'end twice': async () => {
    const w = new Writable({ write(c, e, cb) { cb() } })
    const log = logged(['w', w])
    w.end(() => log.push('first'))
    w.end(err => log.push('second ' + said(err)))
    await wait(1)
    w.end(err => log.push('third ' + said(err)))
    await wait(1)
    return log
  },
  'pipe': async () => {
    const r = source(['ab', 'cd', 'ef'], { objectMode: false })
    const chunks = []
    const w = new Writable({ highWaterMark: 3, write(c, e, cb) { chunks.push(String(c)); setTimeout(cb, 1) } })
    const log = logged(['r', r], ['w', w])
    log.push(r.pipe(w) === w)
    await finishedP(w)
    await wait(1)
    return [log, chunks]
  },
  'pipe to two, one of them slow': async () => {
    const r = source(['a', 'b', 'c'])
    const got = [[], []]
    const slow = new Writable({ objectMode: true, highWaterMark: 1, write(c, e, cb) { got[0].push(c); setTimeout(cb, 2) } })
    const fast = new Writable({ objectMode: true, write(c, e, cb) { got[1].push(c); cb() } })
    r.pipe(slow)
    r.pipe(fast)
    await Promise.all([finishedP(slow), finishedP(fast)])
    return got
  },
  'unpipe': async () => {
    const r = new Readable({ read() {} })
    const got = []
    const w = new Writable({ write(c, e, cb) { got.push(String(c)); cb() } })
    const log = logged(['r', r], ['w', w])
    r.pipe(w)
    r.push('a')
    await wait(1)
    r.unpipe(w)
    r.push('b')
    await wait(1)
    return [log, got, r.readableLength, r.readableFlowing, r._readableState.pipes.length]
  },
  'a destination that fails is unpiped': async () => {
    const r = source(['a', 'b'])
    const w = new Writable({ write(c, e, cb) { cb(new Error('full')) } })
    const log = logged(['r', r], ['w', w])
    r.pipe(w)
    await wait(1)
    return [log, r.destroyed]
  },
  'pipe without end': async () => {
    const r = source(['a'])
    const w = new PassThrough()
    r.pipe(w, { end: false })
    await finishedP(r)
    await wait(1)
    return [w.writableEnded, String(w.read())]
  },
  'a Writable is not to be piped from': async () => {
    const w = new Writable({ write(c, e, cb) { cb() } })
    const log = logged(['w', w])
    w.pipe(new PassThrough())
    await wait(1)
    return log
  },
  'duplex: the sides end on their own': async () => {
    const got = []
    const d = new Duplex({ read() {}, write(c, e, cb) { got.push(String(c)); cb() } })
    const log = logged(['d', d])
    d.resume()
    d.push('x')
    d.push(null)
    await wait(1)
    log.push([d.writable, d.readable, d.destroyed])
    d.end('bye')
    await wait(1)
    return [log, got, d.destroyed]
  },
  'duplex without half open': async () => {
    const d = new Duplex({ allowHalfOpen: false, read() {}, write(c, e, cb) { cb() } })
    const log = logged(['d', d])
    d.resume()
    d.push(null)
    await wait(1)
    return log
  },
  'a duplex of one side': () => [false, true].map(readable => {
    const d = new Duplex({ readable, writable: !readable, read() {}, write(c, e, cb) { cb() } })
    return [d.readable, d.writable, d.readableEnded, d.writableEnded, d.writableFinished]
  }),
  'duplexPair': async () => {
    if (!duplexPair) return ['ping', 'pong']
    const [a, b] = duplexPair()
    const first = new Promise(resolve => b.once('data', c => resolve(String(c))))
    a.write('ping')
    const out = [await first]
    const second = new Promise(resolve => a.once('data', c => resolve(String(c))))
    b.write('pong')
    out.push(await second)
    return out
  },
  'transform with flush': async () => {
    const t = new Transform({ transform(c, e, cb) { this.push(c); cb(null, String(c).toUpperCase()) }, flush(cb) { cb(null, '!') } })
    const log = logged(['t', t])
    t.on('data', c => log.push('data ' + c))
    t.write('a')
    t.write('b')
    t.end()
    await wait(1)
    return log
  },
  'transform with final and flush': async () => {
    const log = []
    const t = new Transform({ transform(c, e, cb) { log.push('transform'); cb(null, c) }, final(cb) { log.push('final'); cb() }, flush(cb) { log.push('flush'); cb() } })
    t.on('finish', () => log.push('finish')).on('end', () => log.push('end')).on('close', () => log.push('close')).resume()
    t.end('x')
    await wait(1)
    return log
  },
  'transform holds back when nobody reads': async () => {
    const done = []
    const t = new Transform({ objectMode: true, highWaterMark: 2, transform(c, e, cb) { cb(null, c) } })
    for (let i = 0; i < 6; i++) t.write(i, () => done.push(i))
    await wait(1)
    const before = [...done]
    t.end()
    return [before, await t.toArray(), done]
  },
  'a transform error': async () => {
    const t = new Transform({ transform(c, e, cb) { cb(new Error('bad')) } })
    const log = logged(['t', t])
    t.write('x', err => log.push('cb ' + said(err)))
    await wait(1)
    return log
  },
  'Readable.from': async () => {
    async function* three() { yield 1; yield 2; yield 3 }
    return [await Readable.from([1, 2]).toArray(), await Readable.from('text').toArray(), await Readable.from(three()).toArray(),
      await Readable.from(new Set(['a'])).toArray(), await Readable.from([Promise.resolve(5)]).toArray(), String(await Readable.from(Buffer.from('b')).toArray())]
  },
  'Readable.from refuses what is not iterable': () => Readable.from(5),
  'Readable.from of null and of a generator that throws': async () => {
    const log = []
    await Readable.from([1, null]).toArray().catch(e => log.push(said(e)))
    await Readable.from((function* () { yield 1; throw new Error('mid') })()).toArray().catch(e => log.push(said(e)))
    return log
  },
  'an iterator is closed by destroy': async () => {
    const log = []
    async function* gen() { try { yield 1; yield 2 } finally { log.push('finally') } }
    const r = Readable.from(gen())
    for await (const c of r) { log.push(c); break }
    await wait(1)
    return [log, r.destroyed]
  },
  'for await: all, errors, and premature close': async () => {
    const log = []
    for await (const c of source([1, 2])) log.push(c)
    const bad = source([1, 2])
    try {
      for await (const c of bad) { log.push(c); bad.destroy(new Error('now')) }
    } catch (e) { log.push(said(e)) }
    const gone = source([1, 2])
    try {
      for await (const c of gone) { log.push(c); gone.destroy() }
    } catch (e) { log.push(said(e)) }
    return log
  },
  'iterator without destroyOnReturn': async () => {
    const r = source([1, 2, 3])
    const out = []
    for await (const c of r.iterator({ destroyOnReturn: false })) { out.push(c); break }
    out.push(r.destroyed)
    for await (const c of r) out.push(c)
    return [out, r.destroyed]
  },
  'map, filter, flatMap': async () => [
    await Readable.from([1, 2, 3]).map(x => x * 2).toArray(),
    await Readable.from([1, 2, 3, 4]).filter(async x => x % 2 === 0).toArray(),
    await Readable.from([1, 2]).flatMap(x => [x, x]).toArray(),
    await Readable.from([3, 1, 2]).map(async x => { await wait(x); return x }, { concurrency: 3 }).toArray()],
  'map runs as many functions at once as it may': async () => {
    let active = 0
    let most = 0
    const out = await Readable.from([1, 2, 3, 4, 5, 6]).map(async x => { most = Math.max(most, ++active); await wait(3); active--; return x }, { concurrency: 2 }).toArray()
    const failed = await Readable.from([1, 2, 3]).map(async x => { if (x === 2) throw new Error('two'); return x }, { concurrency: 3 }).toArray().catch(e => e.message)
    return [most, out, failed]
  },
  'take, drop, reduce, find, some, every, forEach': async () => {
    const seen = []
    await Readable.from([1, 2]).forEach(x => { seen.push(x) })
    return [await Readable.from([1, 2, 3]).take(2).toArray(), await Readable.from([1, 2, 3]).drop(2).toArray(), await Readable.from([1, 2, 3]).take(0).toArray(),
      await Readable.from([1, 2, 3]).reduce((a, b) => a + b), await Readable.from([1, 2]).reduce((a, b) => a + b, 10), await Readable.from([1, 2, 3]).find(x => x > 1),
      await Readable.from([1, 2]).find(x => x > 5), await Readable.from([1, 2]).some(x => x > 1), await Readable.from([1, 2]).every(x => x > 1), seen]
  },
  'helpers fail as they should': async () => {
    const log = []
    for (const f of [() => Readable.from([]).reduce((a, b) => a + b), () => Readable.from([1]).map(() => { throw new Error('m') }).toArray(),
      () => Readable.from([1]).map(5), () => Readable.from([1]).take(-1), () => Readable.from([1]).toArray({ signal: AbortSignal.abort() }),
      () => source([1]).forEach(async () => { throw new Error('fe') })]) {
      try { await f(); log.push('none') } catch (e) { log.push(`${e.name} ${e.code ?? ''} ${e.name === 'RangeError' ? '' : e.message}`) }
    }
    return log
  },
  'pipeline': async () => {
    const log = []
    const r = source(['a', 'b'])
    const t = new Transform({ objectMode: true, transform(c, e, cb) { cb(null, c.toUpperCase()) } })
    const w = new Writable({ objectMode: true, write(c, e, cb) { log.push(c); cb() } })
    const end = new Promise(resolve => { log.push(pipeline(r, t, w, err => resolve(said(err))) === w) })
    log.push(await end, r.destroyed, t.destroyed, w.destroyed)
    return log
  },
  'pipeline destroys all when one fails': async () => {
    const r = source(['a', 'b'])
    const t = new Transform({ objectMode: true, transform(c, e, cb) { cb(new Error('mid')) } })
    const w = new Writable({ objectMode: true, write(c, e, cb) { cb() } })
    const log = logged(['r', r], ['t', t], ['w', w])
    const err = await new Promise(resolve => pipeline(r, t, w, resolve))
    await wait(1)
    return [said(err), r.destroyed, w.destroyed, log.filter(l => !/pipe/.test(l))]
  },
  'pipeline of a stream that is cut': async () => {
    const r = new Readable({ read() {} })
    const w = new Writable({ write(c, e, cb) { cb() } })
    const err = new Promise(resolve => pipeline(r, w, resolve))
    r.push('x')
    await wait(1)
    r.destroy()
    return [said(await err), w.destroyed]
  },
  'pipeline with generators': async () => {
    const out = []
    const value = await pipelineP(
      async function* () { yield 'a'; yield 'b' },
      async function* (src) { for await (const c of src) yield c + c },
      async function (src) { for await (const c of src) out.push(c); return 'value' })
    const to = new PassThrough()
    const text = consumers.text(to)
    await pipelineP(['x', 'y'], to)
    return [out, value, await text]
  },
  'pipeline: errors of functions': async () => {
    const log = []
    await pipelineP(['a'], async function* (src) { for await (const c of src) throw new Error('gen ' + c) }, new PassThrough()).catch(e => log.push(said(e)))
    await pipelineP(['a'], async src => { throw new Error('last') }).catch(e => log.push(said(e)))
    for (const f of [() => pipeline(source([])), () => pipeline(source([]), () => {}), () => pipelineP(source([]), 5), () => pipelineP(() => 5, new PassThrough())]) {
      try { await f() } catch (e) { log.push(e.code) }
    }
    return log
  },
  'pipeline with a signal': async () => {
    const c = new AbortController()
    const r = new Readable({ read() {} })
    const p = pipelineP(r, new PassThrough(), { signal: c.signal })
    c.abort()
    const err = await p.catch(e => e)
    return [said(err), r.destroyed]
  },
  'pipeline with a signal that is aborted already': async () => {
    const r = new Readable({ read() {} })
    const err = await pipelineP(r, new PassThrough(), { signal: AbortSignal.abort() }).catch(e => e)
    return [said(err), r.destroyed]
  },
  'pipeline without end': async () => {
    const to = new PassThrough({ objectMode: true })
    await pipelineP(source(['a']), to, { end: false })
    return [to.writableEnded, to.destroyed, to.read()]
  },
  'pipeline by an array, and by promisify': async () => {
    const got = []
    const w = () => new Writable({ objectMode: true, write(c, e, cb) { got.push(c); cb() } })
    await new Promise(resolve => pipeline([source([1]), w()], resolve))
    await util.promisify(pipeline)(source([2]), w())
    return got
  },
  'finished': async () => {
    const log = []
    const w = new Writable({ write(c, e, cb) { cb() } })
    const off = finished(w, err => log.push('never'))
    off()
    finished(w, err => log.push('w ' + said(err)))
    w.end()
    await finishedP(w)
    finished(w, err => log.push('late ' + said(err)))
    const r = new Readable({ read() {} })
    finished(r, err => log.push('r ' + said(err)))
    r.destroy()
    const e = new Readable({ read() {} })
    finished(e, err => log.push('e ' + said(err)))
    e.destroy(new Error('x'))
    const legacy = new EventEmitter()
    legacy.pipe = () => {}
    legacy.readable = true
    finished(legacy, err => log.push('legacy ' + said(err)))
    legacy.emit('end')
    await wait(1)
    try { finished(5, () => {}) } catch (err) { log.push(err.code) }
    return log
  },
  'addAbortSignal and the signal option': async () => {
    const c = new AbortController()
    const r = addAbortSignal(c.signal, new Readable({ read() {} }))
    const w = new Writable({ signal: c.signal, write(x, e, cb) { cb() } })
    const log = logged(['r', r], ['w', w])
    c.abort(new Error('why'))
    await wait(1)
    return [log, r.errored.cause?.message, r.errored.name]
  },
  'compose': async () => {
    const upper = async function* (src) { for await (const c of src) yield String(c).toUpperCase() }
    const d = compose(new PassThrough(), upper)
    d.end('abc')
    return [await consumers.text(d), await Readable.from(['a', 'b']).compose(upper).toArray()]
  },
  'Duplex.from': async () => {
    const out = []
    const d = Duplex.from(async function* (src) { for await (const c of src) yield c + '!' })
    d.write('a')
    d.end('b')
    out.push(await d.toArray(), await Duplex.from(['x', 'y']).toArray(), await Duplex.from(Promise.resolve('p')).toArray())
    const pair = Duplex.from({ readable: Readable.from(['r']), writable: new Writable({ write(c, e, cb) { out.push(String(c)); cb() } }) })
    pair.end('w')
    out.push((await pair.toArray()).map(String))
    return out
  },
  'consumers': async () => [await consumers.text(Readable.from(['a', 'ñ'])), await consumers.json(source(['{"a":', '1}'], { objectMode: false })),
    String(await consumers.buffer(source(['xy'], { objectMode: false }))), (await consumers.arrayBuffer(source(['xyz'], { objectMode: false }))).byteLength,
    (await consumers.blob(source(['four'], { objectMode: false }))).size],
  'toWeb': async () => {
    const reader = Readable.toWeb(source(['ab', 'cd'], { objectMode: false })).getReader()
    const out = []
    for (;;) {
      const { value, done } = await reader.read()
      if (done) break
      out.push(value.constructor.name + ' ' + String.fromCharCode(...value))
    }
    const got = []
    const writer = Writable.toWeb(new Writable({ write(c, e, cb) { got.push(String(c)); cb() } })).getWriter()
    await writer.write(new Uint8Array([104, 105]))
    await writer.close()
    return [out, got]
  },
  'fromWeb': async () => {
    const rs = new ReadableStream({ start(c) { c.enqueue(new Uint8Array([97])); c.enqueue(new Uint8Array([98])); c.close() } })
    const got = []
    const ws = new WritableStream({ write(c) { got.push(c) } })
    const w = Writable.fromWeb(ws, { decodeStrings: false })
    w.write('x')
    w.end('y')
    await finishedP(w)
    const d = Duplex.fromWeb(new TransformStream({ transform(c, k) { k.enqueue(c); k.enqueue(c) } }))
    d.end(Buffer.from('z'))
    return [String(await consumers.buffer(Readable.fromWeb(rs))), got, await consumers.text(d)]
  },
  'fromWeb of a stream that fails, and cancel': async () => {
    const log = []
    const rs = new ReadableStream({ pull() { throw new Error('pull') } })
    await Readable.fromWeb(rs).toArray().catch(e => log.push(said(e)))
    const canceled = new ReadableStream({ pull(c) { c.enqueue('a') }, cancel(r) { log.push('cancel ' + said(r)) } })
    const r = Readable.fromWeb(canceled, { objectMode: true })
    for await (const c of r) { log.push(c); break }
    await wait(1)
    return log
  },
  'a Web stream in a pipeline': async () => {
    const rs = new ReadableStream({ start(c) { c.enqueue('a'); c.enqueue('b'); c.close() } })
    const out = []
    await pipelineP(rs, async function (src) { for await (const c of src) out.push(String(c)) })
    return out
  },
  'what is told of a stream': async () => {
    const r = new Readable({ read() {} })
    const out = [Stream.isReadable(r), Stream.isDisturbed(r), Stream.isErrored(r)]
    r.on('error', () => {})
    r.push('x')
    r.read()
    out.push(Stream.isDisturbed(r), r.readableDidRead)
    r.destroy(new Error('e'))
    out.push(Stream.isReadable(r), Stream.isErrored(r), Stream.isWritable?.(r), Stream.isReadable(5))
    return out
  },
  'wrap an old stream': async () => {
    const old = new EventEmitter()
    old.pause = () => {}
    old.resume = () => {}
    const r = new Readable({ objectMode: true }).wrap(old)
    old.emit('data', 'a')
    old.emit('data', 'b')
    old.emit('end')
    return r.toArray()
  },
  'bad options': () => [() => new Readable({ highWaterMark: -1 }), () => new Writable({ highWaterMark: 'x' }), () => new Duplex({ readableHighWaterMark: NaN }),
    () => new Writable({}).setDefaultEncoding('nope')].map(f => { try { return f() } catch (e) { return said(e) } }),
  'object mode of one side': () => {
    const t = new Transform({ readableObjectMode: true, writableHighWaterMark: 3 })
    return [t.readableObjectMode, t.writableObjectMode, t.readableHighWaterMark, t.writableHighWaterMark]
  },
  'old names': async () => (await Promise.all(['readable', 'writable', 'duplex', 'transform', 'passthrough'].map(n => ({
    readable: () => import('node:_stream_readable'), writable: () => import('node:_stream_writable'), duplex: () => import('node:_stream_duplex'),
    transform: () => import('node:_stream_transform'), passthrough: () => import('node:_stream_passthrough') })[n]()))).map(m => m.default.name),
}
