// ECMAScript leaves it open; V8 makes it an error that code can catch.
import { test, throws, handler } from '../workertest.js'

test('too deep a recursion is a RangeError that code can catch', () => { const f = () => f() + 1; throws(RangeError, f) })

export default handler
