import path, { posix, win32, join as named } from 'node:path'
import posixToo from 'node:path/posix'
import win32Too from 'path/win32'

const each = (values, f) => values.map(v => { try { return f(v) } catch (e) { return `${e.name} ${e.code}: ${e.message}` } })
const paths = ['', '.', '/', '//', './', '../', '/..', 'a', '/a', 'a/', '/a/', 'a/b', '/a/b', 'a//b', '/a/b/', './a/../b', '/a/../../b', '../../a', 'a/b/../../..', '/a/./b//c/', 'a.b', '.a', 'a.', '..', '..a', '...', 'a.b/', '/a.b/.c', 'a b/c.d.e', '//a', '//a/b', '///a', 'a\\b']
const windows = ['', '.', '\\', '/', 'C:', 'C:\\', 'c:/', 'C:a', 'C:\\a\\b', 'c:/a/../b/', 'C:..\\a', '\\\\server\\share', '\\\\server\\share\\', '//server/share/a/..', '\\\\server', 'a\\b', 'a/b\\c', '..\\..\\a', 'C:\\..\\a', '\\a\\b\\', 'C:\\a.b\\c.d', 'file.ext', 'C:.x', '\\\\a\\b\\c', 'C:/a/b', './a', 'a\\..\\..', 'C:a\\..\\..\\b', '//']
const all = ['normalize', 'dirname', 'basename', 'extname', 'isAbsolute', 'parse', 'toNamespacedPath']

export default {
  ...Object.fromEntries(all.map(m => [`posix ${m}`, () => paths.filter(p => m !== 'parse' || p !== '/..').map(p => posix[m](p))])),
  ...Object.fromEntries(all.filter(m => m !== 'toNamespacedPath').map(m => [`win32 ${m}`, () => windows.map(p => win32[m](p))])),
  'posix join': () => [[], [''], ['', ''], ['a'], ['a', 'b'], ['a', '..', 'b'], ['/a', '/b'], ['a', '', 'b/'], ['..', 'a'], ['/', '..', 'a'], ['a/', './b'], ['', '/a'], ['a', '../../..']].map(a => posix.join(...a)),
  'win32 join': () => [[], ['', ''], ['a', 'b'], ['C:', 'a'], ['C:\\', 'a', '..', 'b'], ['\\\\server', 'share'], ['//server', 'share', 'x'], ['\\', 'a'], ['\\', '\\a'], ['a', '/b'], ['c:/', '//x'], ['', '//a/b']].map(a => win32.join(...a)),
  'posix resolve': () => [['/a', 'b'], ['/a', '/b'], ['/a', '..', '..'], ['/a/b', '../c', './d'], ['/', 'a', ''], ['/a', 'b', '/c', 'd']].map(a => posix.resolve(...a)),
  'win32 resolve': () => [['C:\\a', 'b'], ['C:\\a', 'C:\\b'], ['C:\\a', 'D:\\b'], ['C:\\a', '..', '..'], ['C:/a/b', '../c'], ['C:\\a', '\\b'], ['\\\\server\\share', '..', 'a'], ['C:\\a', 'C:b'], ['c:/', 'd:x', 'c:/y'], ['//server/share', 'file']].map(a => win32.resolve(...a)),
  'posix relative': () => [['/a/b', '/a/c'], ['/a', '/a'], ['/a/b/c', '/a'], ['/', '/a/b'], ['/a/b', '/'], ['/foo/bar', '/foo/bar/baz'], ['/foo/barx', '/foo/bar'], ['/a/b/', '/a/b']].map(a => posix.relative(...a)),
  'win32 relative': () => [['C:\\a\\b', 'C:\\a\\c'], ['C:\\A\\B', 'c:\\a\\b\\d'], ['C:\\a', 'D:\\a'], ['C:\\', 'C:\\a'], ['\\\\s\\h\\a', '\\\\s\\h\\b'], ['C:\\a\\b', 'C:\\']].map(a => win32.relative(...a)),
  'basename with a suffix': () => [['a.js', '.js'], ['/x/a.js', '.js'], ['a.js', 'a.js'], ['/a.js', 'a.js'], ['a.js/', '.js'], ['aaa', 'aa'], ['a', ''], ['.js', '.js'], ['a.js.js', '.js']].map(a => posix.basename(...a)),
  'posix format': () => [{}, { base: 'b' }, { dir: '/a', base: 'b' }, { root: '/', base: 'b' }, { root: '/', name: 'n', ext: '.e' }, { dir: '/a', name: 'n', ext: 'e' }, { root: '/', dir: '/', base: 'x' }, { name: 'n' }].map(o => posix.format(o)),
  'win32 format': () => [{ dir: 'C:\\a', base: 'b' }, { root: 'C:\\', dir: 'C:\\', base: 'x' }].map(o => win32.format(o)),
  'what comes apart goes together': () => paths.filter(p => p && !p.endsWith('/')).map(p => posix.format(posix.parse(p)) === p),
  'wrong arguments': () => each([1, null, undefined, {}], v => posix.normalize(v)).concat(each([1], v => posix.join('a', v)), each([1], v => posix.basename('a', v)), each([null, 'x'], v => posix.format(v)), each([1], v => posix.resolve('/a', v)), each([[1, 'a'], ['a', 1]], a => posix.relative(...a))),
  'the modules': () => [path === posix, path.posix === posix, posix.win32 === win32, posixToo === posix, win32Too === win32, named === path.join, path.sep, win32.sep, path.delimiter, win32.delimiter],
}
