package isolate_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
)

// rowsAnswer is what D1 answers with six rows, as its wire has it.
const rowsAnswer = `[{"success":true,"results":{"columns":["id","name","note"],"rows":[` +
	`[1,"Zoë \"quoted\"",null],[2,"a\\b\n\u0001",1.5],[3,"</script>\u2028",[1,2,255]],[4,"",true],[5,"日本",-0.25],[6,"x",1e21]` +
	`]},"meta":{"duration":0}}]`

const canonicalRows = `[{"success":true,"results":{"columns":["id","name","note"],"rows":[` +
	`[1,"Zoë \"quoted\"",null],[2,"a\\b\n\u0001",1.5],[3,"</script>",[1,2,255]],[4,"",true],[5,"日本",-0.25],[6,"x",123456789012345680]` +
	`]},"meta":{"duration":0}}]`

// rowsBench is a Worker whose DB answers every query alike.
func rowsBench(answerText, body string) *bench {
	b := newBench(handler(`const { results } = await env.DB.prepare("SELECT").all()
		const plain = JSON.parse(JSON.stringify([...(await env.DB.prepare("SELECT").all()).results]))
		` + body))
	b.spec.Bindings = []worker.Binding{{Name: "DB", Type: "d1", Service: roundTripper(func(r *http.Request) (*http.Response, error) {
		io.Copy(io.Discard, r.Body)
		return answer(200, answerText, "Content-Type", "application/json"), nil
	})}}
	return b
}

// Each expression is true of rows that code has touched, and must be of rows that it has not.
func TestUntouchedRowsAreLikeAnyOther(t *testing.T) {
	for name, expression := range map[string]string{
		"alone":                  `same(JSON.stringify(results), JSON.stringify(plain))`,
		"in an object":           `same(JSON.stringify({ invoices: results, n: 1 }), JSON.stringify({ invoices: plain, n: 1 }))`,
		"deep inside":            `same(JSON.stringify([{ a: { b: [results, results] } }, "é\n"]), JSON.stringify([{ a: { b: [plain, plain] } }, "é\n"]))`,
		"beside odd values":      `same(JSON.stringify(odd(results)), JSON.stringify(odd(plain)))`,
		"with a toJSON above":    `same(JSON.stringify({ toJSON: key => ({ key, results }) }), JSON.stringify({ toJSON: key => ({ key, results: plain }) }))`,
		"with a replacer":        `same(JSON.stringify(results, ["id"]), JSON.stringify(plain, ["id"]))`,
		"indented":               `same(JSON.stringify(results, null, 2), JSON.stringify(plain, null, 2))`,
		"toJSON on all arrays":   `(Array.prototype.toJSON = function () { return this.length }, JSON.stringify({ results }) === '{"results":6}') | delete Array.prototype.toJSON`,
		"toJSON on all objects":  `(Object.prototype.toJSON = function () { return Array.isArray(this) ? this.map(r => r.id) : this }, JSON.stringify({ results })) === '{"results":[1,2,3,4,5,6]}' | !delete Object.prototype.toJSON`,
		"Response.json":          `same(await Response.json({ results }).text(), JSON.stringify({ results: plain }))`,
		"is an array":            `Array.isArray(results) && results instanceof Array && Object.prototype.toString.call(results) === "[object Array]"`,
		"its length":             `results.length === 6 && JSON.stringify(results) === JSON.stringify(plain)`,
		"an index":               `results[1].id === 2 && results.at(-1).id === 6 && results[6] === undefined`,
		"identity of rows":       `results[0] === results[0] && results.indexOf(results[3]) === 3`,
		"a row changed":          `(results[0].id = "new", JSON.parse(JSON.stringify(results))[0].id === "new")`,
		"a row deleted":          `(delete results[0].note, !("note" in results[0]) && JSON.stringify(results[0]) === JSON.stringify({ id: 1, name: plain[0].name }))`,
		"push":                   `results.push({ id: 7 }) === 7 && results.length === 7 && JSON.stringify(results) === JSON.stringify([...plain, { id: 7 }])`,
		"length cut":             `(results.length = 2, JSON.stringify(results) === JSON.stringify(plain.slice(0, 2)))`,
		"destructuring":          `(([first, ...others]) => first.id === 1 && others.length === 5)(results)`,
		"spread":                 `same(JSON.stringify([...results]), JSON.stringify(plain))`,
		"map and filter":         `same(JSON.stringify(results.filter(r => r.id > 2).map(r => r.id)), "[3,4,5,6]")`,
		"concat flattens it":     `[].concat(results).length === 6 && results.concat([1]).length === 7`,
		"sort and reverse":       `same(results.reverse().map(r => r.id).join(), "6,5,4,3,2,1") && results.sort((a, b) => a.id - b.id)[0].id === 1`,
		"for of, for in, keys":   `same([...results.keys()].join() + Object.keys(results).join(), "0,1,2,3,4,50,1,2,3,4,5")`,
		"in and hasOwn":          `"5" in results && !("6" in results) && Object.hasOwn(results, "length")`,
		"descriptors":            `same(JSON.stringify(Object.getOwnPropertyDescriptor(results, "length")), '{"value":6,"writable":true,"enumerable":false,"configurable":false}') && Object.getOwnPropertyDescriptor(results, 0).value === results[0]`,
		"defineProperty":         `Object.defineProperty(results, 0, { get: () => 9, configurable: true })[0] === 9`,
		"freeze":                 `Object.isFrozen(Object.freeze(results)) && (() => { try { results[0] = 1 } catch (e) { return e instanceof TypeError } })() && results.length === 6`,
		"a property of its own":  `(results.extra = 1, results.extra === 1 && results.length === 6)`,
		"the prototype replaced": `Object.setPrototypeOf(results, null) === results && results.map === undefined && results[0].id === 1`,
		"structuredClone":        `(c => Array.isArray(c) && c !== results && c[0].id === 1 && c.length === 6)(structuredClone({ results }).results)`,
		"Object.entries of rows": `same(JSON.stringify(Object.entries(results[0])), JSON.stringify(Object.entries(plain[0])))`,
		"Promise.all":            `(await Promise.all(results)).length === 6`,
		"a Set and a Map":        `new Set(results).size === 6 && new Map(results.map(r => [r.id, r])).get(3).id === 3`,
		"own keys":               `same(Reflect.ownKeys(results).join(), "0,1,2,3,4,5,length") && Object.getOwnPropertySymbols(results).length === 0`,
		"passed on and on":       `await (async x => { await 1; return same(JSON.stringify({ x }), JSON.stringify({ x: plain })) })(results)`,
	} {
		t.Run(name, func(t *testing.T) {
			for form, text := range map[string]string{"as D1 writes": canonicalRows, "in other JSON": rowsAnswer, "with space": strings.ReplaceAll(canonicalRows, "],[", "], [")} {
				w := rowsBench(text, `
					const same = (a, b) => { if (a !== b) throw new Error(a + "\n" + b); return true }
					const odd = rows => ({ u: undefined, f() {}, s: Symbol(), n: NaN, i: -Infinity, z: -0, d: new Date(0), N: Object(1), S: Object("s"), B: Object(false),
						nested: [undefined, () => 1, rows, null], get g() { return rows }, 2: 1, 1: 2, "\ud800\"": "\udc00", m: new Map([[1, 2]]), p: new Proxy([1], {}), big: 1e21, e: 1e-7 })
					return new Response(Boolean(`+expression+`) ? "true" : "false")`).load(t)
				if got := get(t, w, "/"); got != "true" {
					t.Errorf("%s: %s is %s", form, expression, got)
				}
			}
		})
	}
}

func TestUntouchedRowsArePrintedWhole(t *testing.T) {
	b := rowsBench(canonicalRows, `console.log(results.constructor === Array ? "" : "no"); const again = (await env.DB.prepare("x").all()).results; console.log(again); return new Response()`)
	get(t, b.load(t), "/")
	if got := strings.Join(b.messages(), ""); !strings.HasPrefix(got, "[\n  { id: 1, name: 'Zoë \"quoted\"', note: null },") || !strings.Contains(got, "{ id: 6,") {
		t.Errorf("printed %s", got)
	}
}

func TestJSONStringifyWithUntouchedRowsThrowsAsEver(t *testing.T) {
	w := rowsBench(canonicalRows, `
		const out = []
		const loop = { results }; loop.loop = loop
		for (const v of [loop, { results, n: 1n }, { results, get g() { throw new RangeError("mine") } }]) {
			try { out.push(JSON.stringify(v)) } catch (e) { out.push(e.name + ": " + e.message) }
		}
		out.push(JSON.stringify.name + JSON.stringify.length)
		return new Response(out.join("\n"))`).load(t)
	got := get(t, w, "/")
	for n, want := range []string{"TypeError: Converting circular structure to JSON", "TypeError: Do not know how to serialize a BigInt", "RangeError: mine", "stringify3"} {
		if lines := strings.Split(got, "\n"); !strings.HasPrefix(lines[n], want) {
			t.Errorf("got %q, want %q", lines[n], want)
		}
	}
}
