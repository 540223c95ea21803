package webcore

import "testing"

func TestHugeAllocationsAreRefused(t *testing.T) {
	run(t, map[string]script{
		"of an ArrayBuffer":                    {`new ArrayBuffer(2 ** 30)`, "RangeError: Array buffer allocation failed"},
		"of a typed array":                     {`new Uint8Array(2 ** 30)`, "RangeError: Invalid typed array length: 1073741824"},
		"counted in bytes":                     {`new Float64Array(2 ** 25)`, "RangeError: Invalid typed array length: 33554432"},
		"of a typed array like another thing":  {`new Uint16Array({ length: 2 ** 28 })`, "RangeError: Invalid typed array length: 268435456"},
		"by a subclass":                        {`new (class extends Uint8Array {})(2 ** 30)`, "RangeError: Invalid typed array length: 1073741824"},
		"by fill":                              {`new Array(2 ** 27).fill(0)`, "RangeError: Invalid array length"},
		"by map, with nothing in the array":    {`Array(2 ** 27).map(x => x)`, "RangeError: Invalid array length"},
		"by concat":                            {`[].concat(Array(5e6), Array(5e6))`, "RangeError: Invalid array length"},
		"by Array.from":                        {`Array.from({ length: 2 ** 27 })`, "RangeError: Invalid array length"},
		"of arguments":                         {`Math.max.apply(null, { length: 2 ** 28 })`, "RangeError: Maximum call stack size exceeded"},
		"by repeat":                            {`"ab".repeat(2 ** 28)`, "RangeError: Invalid string length"},
		"by padStart":                          {`"a".padStart(2 ** 28)`, "RangeError: Invalid string length"},
		"by padEnd":                            {`"a".padEnd(2 ** 28, "bc")`, "RangeError: Invalid string length"},
		"by concat of texts":                   {`const s = "a".repeat(2 ** 20); s.concat(...Array(200).fill(s))`, "RangeError: Invalid string length"},
		"by the separators of join":            {`Array(2 ** 22).join("a".repeat(100))`, "RangeError: Invalid string length"},
		"by the texts of join":                 {`Array(1000).fill("a".repeat(2 ** 20)).join("")`, "RangeError: Invalid string length"},
		"by join of nothing":                   {`Array(2 ** 28).join("ab")`, "RangeError: Invalid string length"},
		"but others go on":                     {`return ["ab".repeat(3), "a".padEnd(3) + "|", [1, "b", null].join(), new Uint8Array([1, 2]).length, new Uint8Array(new ArrayBuffer(4), 1).length, Array(3).fill(1), [1].concat([2], 3), new (class extends Uint8Array {})(2).length, "abc".repeat(0), "x".repeat("2")]`, `["ababab","a  |","1,b,",2,3,[1,1,1],[1,2,3],2,"","xx"]`},
		"and wrong counts are refused as ever": {`"a".repeat(-1)`, "RangeError: Invalid count value"},
	})
}
