package webcore

import "testing"

func TestTextEncoder(t *testing.T) {
	run(t, map[string]script{
		"encodes":                 {`return [...new TextEncoder().encode("aé€\u{1F600}\uD800")]`, "[97,195,169,226,130,172,240,159,152,128,239,191,189]"},
		"encodes nothing":         {`return [new TextEncoder().encode().length, new TextEncoder().encode(null).length]`, "[0,4]"},
		"encodeInto stops early":  {`const u = new Uint8Array(6); const r = new TextEncoder().encodeInto("aé\u{1F600}", u); return [r.read, r.written, [...u]]`, "[2,3,[97,195,169,0,0,0]]"},
		"encodeInto counts units": {`const u = new Uint8Array(9).subarray(1); const r = new TextEncoder().encodeInto("aé\u{1F600}", u); return [r.read, r.written, [...u]]`, "[4,7,[97,195,169,240,159,152,128,0]]"},
		"encodeInto wants bytes":  {`new TextEncoder().encodeInto("a", new Uint16Array(1))`, "TypeError: Failed to execute 'encodeInto' on 'TextEncoder': parameter 2 is not of type 'Uint8Array'."},
		"its encoding is utf-8":   {`return new TextEncoder().encoding`, "utf-8"},
	})
}

// bytes in the scripts below are written in hexadecimal.
const fromHex = `const U = (s) => new Uint8Array(s.split(" ").filter(x => x).map(x => parseInt(x, 16)));
const dec = (s, o, l = "utf-8") => new TextDecoder(l, o).decode(U(s));
const pieces = (s, l) => { const d = new TextDecoder(l); let out = ""; for (const b of U(s)) out += d.decode(new Uint8Array([b]), {stream: true}); return out + d.decode() };
`

func TestTextDecoder(t *testing.T) {
	scripts := map[string]script{
		"one U+FFFD for each longest invalid part": {`return ["ff", "c0 80", "e2 82", "e2 82 41", "f0 9f 98", "ed a0 80", "f4 90 80 80", "c3 28", "f0 9f 41", "e2 41", "e0 80 af", "f0 80 80 80"].map(s => dec(s).replaceAll("\uFFFD", "?")).join()`,
			"?,??,?,?A,?,???,????,?(,?A,?A,???,????"},
		"fatal throws": {`dec("41 e2 82", {fatal: true})`, "TypeError: Failed to decode input."},
		"fatal sees overlong forms and surrogates": {`return ["c0 80", "e0 80 af", "f0 80 80 80", "ed a0 80", "f4 90 80 80"].filter(s => { try { dec(s, {fatal: true}); return true } catch (e) { return false } })`, "[]"},
		"fatal passes what is valid":               {`return dec("41 e2 82 ac", {fatal: true})`, "A€"},
		"removes one byte order mark":              {`return [dec("ef bb bf 41"), dec("ef bb bf ef bb bf 41"), dec("41 ef bb bf"), dec("ef bb bf 41", {ignoreBOM: true})].map(s => s.length)`, "[1,2,2,2]"},
		"streams":                                  {`return [pieces("ef bb bf 41 e2 82 ac f0 9f 98 80"), pieces("e2 82").length, pieces("00 d8 00 dc 41 00", "utf-16le").length]`, `["A€😀",1,3]`},
		"begins anew after an end":                 {`const d = new TextDecoder(); d.decode(U("e2 82"), {stream: true}); return [d.decode(U("ac")), d.decode(U("ef bb bf 42"))]`, `["€","B"]`},
		"UTF-16 in both orders":                    {`return [dec("41 00 3d d8 00 de", {}, "utf-16"), dec("00 41 d8 3d de 00", {}, "utf-16be"), dec("00 d8 41 00", {}, "utf-16le"), dec("ff fe 41 00 42", {}, "utf-16le")]`, `["A😀","A😀","�A","A�"]`},
		"labels are trimmed, not case's":           {`return ["UTF8", " \tutf-8\n", "latin1", "ascii", "x-sjis", "cp1251", "unicode", "logical", "ks_c_5601-1987"].map(l => new TextDecoder(l).encoding).join()`, "utf-8,utf-8,windows-1252,windows-1252,shift_jis,windows-1251,utf-16le,iso-8859-8-i,euc-kr"},
		"unknown labels are refused":               {`new TextDecoder("utf-7")`, `RangeError: "utf-7" is not a valid encoding.`},
		"so are replacement's":                     {`new TextDecoder("hz-gb-2312")`, `RangeError: "hz-gb-2312" is not a valid encoding.`},
		"so is other white space":                  {`new TextDecoder("\u00a0utf-8")`, "RangeError: \"\u00a0utf-8\" is not a valid encoding."},
		"latin1 is windows-1252":                   {`return dec("80 81 e9", {}, "latin1")`, "€\u0081é"},
		"single bytes may be undefined":            {`return [dec("a1", {}, "windows-1257"), (() => { try { dec("a1", {fatal: true}, "windows-1257") } catch (e) { return e.name } })()]`, `["�","TypeError"]`},
		"IBM866 leaves control characters":         {`return dec("1a 1c 7f 80", {}, "ibm866") === "\x1a\x1c\x7fА"`, "true"},
		"East Asian encodings": {`return [dec("93 fa 96 7b b1", {}, "shift_jis"), dec("c6 fc cb dc", {}, "euc-jp"), dec("1b 24 42 46 7c 1b 28 42 41", {}, "iso-2022-jp"), dec("d6 d0 80", {}, "gbk"), dec("94 39 da 33", {}, "gb18030"), dec("a4 a4", {}, "big5"), dec("c7 d1", {}, "euc-kr")].join()`,
			"日本ｱ,日本,日A,中€,💩,中,한"},
		"they stream too":       {`return [pieces("93 fa 96 7b", "shift_jis"), pieces("1b 24 42 46 7c 1b 28 42 41", "iso-2022-jp"), pieces("94 39 da 33", "gb18030")].join()`, "日本,日A,💩"},
		"takes any view":        {`return new TextDecoder().decode(new DataView(new Uint8Array([65,66,67]).buffer, 1)) + new TextDecoder().decode(new Uint16Array([0x4443]))`, "BCCD"},
		"takes nothing else":    {`new TextDecoder().decode("x")`, "TypeError: Failed to execute 'decode' on 'TextDecoder': parameter 1 is not of type 'ArrayBuffer or ArrayBufferView'."},
		"tells its attributes":  {`const d = new TextDecoder("UTF-16", {fatal: 1}); return [d.encoding, d.fatal, d.ignoreBOM]`, `["utf-16le",true,false]`},
		"nothing is an empty":   {`return new TextDecoder().decode()`, ""},
		"long texts stay whole": {`return new TextDecoder("shift_jis").decode(new Uint8Array(20000).fill(0xb1)).length`, "20000"},
	}
	for name, s := range scripts {
		scripts[name] = script{fromHex + s.body, s.want}
	}
	run(t, scripts)
}

func TestBase64(t *testing.T) {
	run(t, map[string]script{
		"btoa encodes Latin-1":         {`return ["", "a", "ab", "abc", "\xff"].map(s => btoa(s)).join()`, ",YQ==,YWI=,YWJj,/w=="},
		"btoa refuses more":            {`btoa("\u0100")`, "InvalidCharacterError: btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range."},
		"atob decodes":                 {`return ["", " ", "YQ==", "YQ", "YWI=", "Y W\nJ\tj", "YR==", "//8="].map(s => atob(s)).join()`, ",,a,a,ab,abc,a,\u00ff\u00ff"},
		"atob refuses what is not":     {`const bad = ["Y", "YQ=", "YWJj=", "=", "====", "-_8=", "YQ==YQ==", "\u00a0"]; return bad.filter(s => { try { atob(s); return true } catch (e) { return e.name !== "InvalidCharacterError" || e.code !== 5 } })`, "[]"},
		"values become text":           {`return [atob(null).length, btoa(undefined)]`, `[3,"dW5kZWZpbmVk"]`},
		"the argument is needed":       {`btoa()`, "TypeError: Failed to execute 'btoa' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'string'."},
		"binary passes there and back": {`let s = ""; for (let i = 0; i < 256; i++) s += String.fromCharCode(i); return atob(btoa(s)) === s`, "true"},
	})
}
