package webcrypto

import (
	"testing"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

func TestRandom(t *testing.T) {
	run(t, map[string]script{
		"fills and returns the view":      {`const u = new Uint32Array(64); return [crypto.getRandomValues(u) === u, u.some(x => x > 0)]`, "[true,true]"},
		"fills only the view":             {`const b = new Uint8Array(64); crypto.getRandomValues(b.subarray(32)); return [b.slice(0, 32).every(x => x === 0), b.slice(32).some(x => x > 0)]`, "[true,true]"},
		"takes 65536 bytes":               {`return crypto.getRandomValues(new BigUint64Array(8192)).length`, "8192"},
		"takes no more":                   {`crypto.getRandomValues(new Uint8Array(65537))`, "QuotaExceededError: getRandomValues() only accepts buffers of size <= 64K but provided 65537 bytes."},
		"takes integers only":             {`crypto.getRandomValues(new Float32Array(1))`, "TypeMismatchError: ArrayBufferView argument to getRandomValues() must be an integer-typed view."},
		"takes no DataView":               {`crypto.getRandomValues(new DataView(new ArrayBuffer(1)))`, "TypeMismatchError: ArrayBufferView argument to getRandomValues() must be an integer-typed view."},
		"UUIDs are version 4 and differ":  {`const u = crypto.randomUUID(); return [/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(u), u !== crypto.randomUUID()]`, "[true,true]"},
		"the classes are WebIDL's":        {`return [String(crypto), String(S), crypto.subtle === crypto.subtle, crypto instanceof Crypto]`, `["[object Crypto]","[object SubtleCrypto]",true,true]`},
		"they are not constructed":        {`new CryptoKey()`, "TypeError: Illegal constructor"},
		"foreign receivers reject":        {`const p = S.digest.call({}, "SHA-1", text("")); return await p.catch(e => e.message)`, idl.IllegalInvocation},
		"timingSafeEqual compares":        {`return [S.timingSafeEqual(text("ab"), text("ab")), S.timingSafeEqual(text("ab"), text("ac").buffer), S.timingSafeEqual(text(""), text(""))]`, "[true,false,true]"},
		"timingSafeEqual wants one size":  {`S.timingSafeEqual(text("ab"), text("abc"))`, "TypeError: Input buffers must have the same byte length."},
		"timingSafeEqual wants bytes":     {`S.timingSafeEqual("ab", "ab")`, `TypeError: The "a" value is not an ArrayBuffer or a view of one.`},
		"inputs are copied when called":   {`const k = await S.importKey("raw", text("p"), "PBKDF2", false, ["deriveBits"]); const salt = text("salt"); const derive = (s) => S.deriveBits({name: "PBKDF2", hash: "SHA-1", salt: s, iterations: 5000}, k, 1280); const p = derive(salt); salt.fill(0); return hex(await p) === hex(await derive(text("salt")))`, "true"},
		"structuredClone copies keys":     {`const k = await S.importKey("raw", text("p"), {name: "HMAC", hash: "SHA-1"}, true, ["sign"]); const c = structuredClone(k); return [c !== k, c instanceof CryptoKey, hex(await S.exportKey("raw", c)), c.usages]`, `[true,true,"70",["sign"]]`},
		"DigestStream needs a stream API": {`try { DigestStream } catch (e) { return e.name }`, "ReferenceError"},
	})
}

func TestKeys(t *testing.T) {
	run(t, map[string]script{
		"HMAC": {`const k = await S.importKey("raw", text("0123456789abcdef"), {name: "hmac", hash: "sha-256"}, true, ["verify", "sign"]); const s = await S.sign("HMAC", k, text("m"));
			return [k.type, k.extractable, k.algorithm, k.usages, await S.verify("HMAC", k, s, text("m")), await S.verify("HMAC", k, s, text("n")), await S.verify("HMAC", k, text("short"), text("m")), k.algorithm === k.algorithm]`,
			`["secret",true,{"hash":{"name":"SHA-256"},"length":128,"name":"HMAC"},["sign","verify"],true,false,false,true]`},
		"generated HMAC keys fill a block": {`return await Promise.all([["SHA-1"], ["SHA-256"], ["SHA-384"], ["SHA-512", 12]].map(async ([hash, length]) => { const k = await S.generateKey({name: "HMAC", hash, length}, true, ["sign"]); return [k.algorithm.length, (await S.exportKey("raw", k)).byteLength] }))`,
			"[[512,64],[512,64],[1024,128],[12,2]]"},
		"AES exports what it imports": {`const raw = text("0123456789abcdef"); const k = await S.importKey("raw", raw, "AES-GCM", true, ["decrypt", "encrypt"]); const j = await S.exportKey("jwk", k); const k2 = await S.importKey("jwk", j, "AES-GCM", true, ["encrypt"]);
			return [j, hex(await S.exportKey("raw", k2)) === hex(raw), k.algorithm]`,
			`[{"alg":"A128GCM","ext":true,"k":"MDEyMzQ1Njc4OWFiY2RlZg","key_ops":["encrypt","decrypt"],"kty":"oct"},true,{"length":128,"name":"AES-GCM"}]`},
		"GCM with every length of tag": {`const k = await S.generateKey({name: "AES-GCM", length: 256}, false, ["encrypt", "decrypt"]); const out = [];
			for (const tagLength of [32, 64, 96, 104, 112, 120, 128]) for (const n of [1, 12, 60]) { const p = {name: "AES-GCM", iv: crypto.getRandomValues(new Uint8Array(n)), tagLength, additionalData: text("a")};
				const c = new Uint8Array(await S.encrypt(p, k, text("hello"))); const ok = new TextDecoder().decode(await S.decrypt(p, k, c)) === "hello" && c.length === 5 + tagLength / 8; c[c.length - 1] ^= 1;
				const e = await S.decrypt(p, k, c).catch(e => e.name); if (!ok || e !== "OperationError") out.push([tagLength, n]) } return out`, "[]"},
		"a key pair's halves": {`const k = await S.generateKey({name: "ECDSA", namedCurve: "P-384"}, false, ["sign", "verify"]); return [k.publicKey, k.privateKey].map(k => [k.type, k.extractable, k.usages, k.algorithm.namedCurve])`,
			`[["public",true,["verify"],"P-384"],["private",false,["sign"],"P-384"]]`},
		"signatures of all kinds": {`const e = new Uint8Array([1, 0, 1]), out = [];
			for (const a of [{name: "ECDSA", namedCurve: "P-256", hash: "SHA-256"}, {name: "ECDSA", namedCurve: "P-384", hash: "SHA-1"}, {name: "ECDSA", namedCurve: "P-521", hash: "SHA-512"}, {name: "Ed25519"},
				{name: "RSASSA-PKCS1-v1_5", modulusLength: 1024, publicExponent: e, hash: "SHA-256"}, {name: "RSA-PSS", modulusLength: 1024, publicExponent: e, hash: "SHA-1", saltLength: 20}, {name: "RSA-PSS", modulusLength: 1024, publicExponent: e, hash: "SHA-256", saltLength: 0}]) {
				const k = await S.generateKey(a, true, ["sign", "verify"]); const s = await S.sign(a, k.privateKey, text("m"));
				const r = [await S.verify(a, k.publicKey, s, text("m")), !await S.verify(a, k.publicKey, s, text("n"))];
				for (const f of ["jwk", "pkcs8"]) { const k2 = await S.importKey(f, await S.exportKey(f, k.privateKey), a, false, ["sign"]); r.push(await S.verify(a, k.publicKey, await S.sign(a, k2, text("q")), text("q"))) }
				for (const f of ["jwk", "spki"]) { const k2 = await S.importKey(f, await S.exportKey(f, k.publicKey), a, false, ["verify"]); r.push(await S.verify(a, k2, s, text("m"))) }
				if (!r.every(Boolean)) out.push([a.name, a.namedCurve, r]) } return out`, "[]"},
		"agreement of all kinds": {`const out = []; for (const a of [{name: "ECDH", namedCurve: "P-256"}, {name: "ECDH", namedCurve: "P-384"}, {name: "ECDH", namedCurve: "P-521"}, {name: "X25519"}]) {
				const x = await S.generateKey(a, true, ["deriveBits"]), y = await S.generateKey(a, true, ["deriveKey", "deriveBits"]);
				const one = hex(await S.deriveBits({name: a.name, public: x.publicKey}, y.privateKey, 256)), two = hex(await S.deriveBits({name: a.name, public: y.publicKey}, x.privateKey, 256));
				const k = await S.deriveKey({name: a.name, public: x.publicKey}, y.privateKey, {name: "AES-CBC", length: 256}, true, ["encrypt"]); out.push(one === two && hex(await S.exportKey("raw", k)) === one) } return out`, "[true,true,true,true]"},
		"RSA-OAEP with a label": {`const k = await S.generateKey({name: "RSA-OAEP", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256"}, true, ["encrypt", "decrypt"]); const c = await S.encrypt({name: "RSA-OAEP", label: text("l")}, k.publicKey, text("hi"));
			return [new TextDecoder().decode(await S.decrypt({name: "RSA-OAEP", label: text("l")}, k.privateKey, c)), await S.decrypt("RSA-OAEP", k.privateKey, c).catch(e => e.name), k.publicKey.algorithm.modulusLength, [...k.publicKey.algorithm.publicExponent]]`,
			`["hi","OperationError",1024,[1,0,1]]`},
		"a wrapped JWK comes back": {`const w = await S.generateKey({name: "AES-GCM", length: 128}, false, ["wrapKey", "unwrapKey"]); const k = await S.generateKey({name: "ECDSA", namedCurve: "P-256"}, true, ["sign", "verify"]); const p = {name: "AES-GCM", iv: new Uint8Array(12)};
			const u = await S.unwrapKey("jwk", await S.wrapKey("jwk", k.privateKey, w, p), w, p, {name: "ECDSA", namedCurve: "P-256"}, true, ["sign"]); return [u.type, u.usages, hex(await S.exportKey("pkcs8", u)) === hex(await S.exportKey("pkcs8", k.privateKey))]`,
			`["private",["sign"],true]`},
		"derived keys have their length": {`const k = await S.importKey("raw", text("pw"), "PBKDF2", false, ["deriveKey"]); const p = {name: "PBKDF2", hash: "SHA-256", salt: text("s"), iterations: 2}; const sizes = [];
			for (const a of [{name: "AES-GCM", length: 192}, {name: "HMAC", hash: "SHA-384"}, {name: "HMAC", hash: "SHA-1", length: 40}]) sizes.push((await S.exportKey("raw", await S.deriveKey(p, k, a, true, a.name === "HMAC" ? ["sign"] : ["encrypt"]))).byteLength); return sizes`, "[24,128,5]"},
		"Ed25519's JWK":                 {`const k = await S.generateKey("Ed25519", true, ["sign", "verify"]); const j = await S.exportKey("jwk", k.publicKey); return [j.kty, j.crv, j.alg, j.x.length, j.key_ops, j.ext]`, `["OKP","Ed25519","EdDSA",43,["verify"],true]`},
		"100000 iterations are allowed": {`const k = await S.importKey("raw", text("pw"), "PBKDF2", false, ["deriveBits"]); return (await S.deriveBits({name: "PBKDF2", hash: "SHA-256", salt: text("s"), iterations: 100000}, k, 256)).byteLength`, "32"},
	})
}

func TestRefusals(t *testing.T) {
	const given = `const raw = text("0123456789abcdef");
		const hmac = await S.importKey("raw", raw, {name: "HMAC", hash: "SHA-256"}, false, ["sign"]); const gcm = await S.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
		const pb = await S.importKey("raw", raw, "PBKDF2", false, ["deriveBits"]); const hk = await S.importKey("raw", raw, "HKDF", false, ["deriveBits"]);
		const jwk = (members, usages = ["sign"], ext = true) => S.importKey("jwk", {kty: "oct", k: "AAAA", ...members}, {name: "HMAC", hash: "SHA-1"}, ext, usages);
		const pbkdf2 = (p, n = 64) => S.deriveBits({name: "PBKDF2", hash: "SHA-1", salt: raw, iterations: 1, ...p}, pb, n);`
	scripts := map[string]script{
		"an unknown digest":          {`await S.digest("SHA-3", raw)`, "NotSupportedError: Unrecognized or unimplemented digest algorithm requested."},
		"a digest of text":           {`await S.digest("SHA-1", "x")`, `TypeError: The "data" value is not an ArrayBuffer or a view of one.`},
		"an algorithm without name":  {`await S.digest({}, raw)`, `TypeError: Missing field "name" in "algorithm".`},
		"a key that is none":         {`await S.sign("HMAC", {}, raw)`, "TypeError: Failed to execute 'sign' on 'SubtleCrypto': parameter is not of type 'CryptoKey'."},
		"export of what may not":     {`await S.exportKey("raw", hmac)`, "InvalidAccessError: Attempt to export non-extractable HMAC key."},
		"export of a password":       {`await S.exportKey("raw", pb)`, `NotSupportedError: The exportKey operation is not implemented for "PBKDF2".`},
		"a usage the key lacks":      {`await S.verify("HMAC", hmac, raw, raw)`, `InvalidAccessError: Requested key usage "verify" does not match any usage listed in this CryptoKey.`},
		"another key's algorithm":    {`await S.sign("AES-GCM", hmac, raw)`, `InvalidAccessError: Requested algorithm "AES-GCM" does not match this CryptoKey's algorithm "HMAC".`},
		"GCM without an IV":          {`await S.encrypt({name: "AES-GCM"}, gcm, raw)`, `TypeError: Missing field "iv" in "algorithm".`},
		"GCM with an empty IV":       {`await S.encrypt({name: "AES-GCM", iv: new Uint8Array()}, gcm, raw)`, "OperationError: AES-GCM IV must not be empty."},
		"GCM with an odd tag":        {`await S.encrypt({name: "AES-GCM", iv: raw, tagLength: 5}, gcm, raw)`, "OperationError: Invalid AES-GCM tag length 5."},
		"CBC with a short IV":        {`const k = await S.generateKey({name: "AES-CBC", length: 128}, true, ["encrypt"]); await S.encrypt({name: "AES-CBC", iv: new Uint8Array(15)}, k, raw)`, "OperationError: AES-CBC IV must be 16 bytes long (provided 15 bytes)."},
		"CBC with bad padding":       {`const k = await S.generateKey({name: "AES-CBC", length: 128}, true, ["encrypt", "decrypt"]); const p = {name: "AES-CBC", iv: raw}; const c = await S.encrypt(p, k, new Uint8Array(32)); return await S.decrypt(p, k, c.slice(0, 32)).catch(e => e.name)`, "OperationError"},
		"CTR whose counter repeats":  {`const k = await S.generateKey({name: "AES-CTR", length: 128}, true, ["encrypt"]); await S.encrypt({name: "AES-CTR", counter: raw, length: 1}, k, new Uint8Array(33))`, "OperationError: Counter is too small for the 33 bytes of input."},
		"an import usage":            {`await S.importKey("raw", raw, "AES-GCM", true, ["sign"])`, `SyntaxError: Attempt to import secret AES-GCM key with invalid usage "sign".`},
		"an unknown usage":           {`await S.importKey("raw", raw, "AES-GCM", true, ["fly"])`, `SyntaxError: Attempt to import secret AES-GCM key with invalid usage "fly".`},
		"no usage at all":            {`await S.importKey("raw", raw, "AES-GCM", true, [])`, "SyntaxError: Secret/private CryptoKeys must have at least one usage."},
		"an AES key of no length":    {`await S.importKey("raw", raw.slice(1), "AES-GCM", true, ["encrypt"])`, "DataError: Imported AES key length must be 128, 192, or 256 bits but provided 120."},
		"an unknown format":          {`await S.importKey("pem", raw, "AES-GCM", true, ["encrypt"])`, `NotSupportedError: Unrecognized key import format "pem".`},
		"an unknown algorithm":       {`await S.importKey("raw", raw, "DES", true, ["encrypt"])`, `NotSupportedError: Unrecognized key import algorithm "DES" requested.`},
		"HMAC without a hash":        {`await S.importKey("raw", raw, "HMAC", true, ["sign"])`, `TypeError: Missing field "hash" in "algorithm".`},
		"an empty HMAC key":          {`return await S.importKey("raw", new Uint8Array(), {name: "HMAC", hash: "SHA-1"}, true, ["sign"]).catch(e => e.name)`, "DataError"},
		"an extractable password":    {`await S.importKey("raw", raw, "PBKDF2", true, ["deriveBits"])`, "SyntaxError: PBKDF2 key cannot be extractable."},
		"a JWK of another kind":      {`return await jwk({kty: "RSA"}).catch(e => e.name)`, "DataError"},
		"a JWK for another hash":     {`return await jwk({alg: "HS256"}).catch(e => e.name)`, "DataError"},
		"a JWK that stays inside":    {`await jwk({ext: false})`, `DataError: JWK ext field for "HMAC" is set to false but extractable is true`},
		"a JWK for other operations": {`return await jwk({key_ops: ["verify"]}).catch(e => e.name)`, "DataError"},
		"a JWK for another use":      {`return await jwk({use: "enc"}).catch(e => e.name)`, "DataError"},
		"a JWK that says it twice":   {`return await jwk({key_ops: ["sign", "sign"]}).catch(e => e.name)`, "DataError"},
		"a JWK that is right":        {`return (await jwk({alg: "HS1", use: "sig", key_ops: ["sign", "verify"], ext: false}, ["sign"], false)).usages`, `["sign"]`},
		"RSA JWKs of nonsense": {`const out = new Set(); const v = [undefined, "", "AA", "AQ", "Ag", "Aw", "AQAB", "____", "!"]; let seed = 1; const pick = () => v[(seed = (seed * 1103515245 + 12345) % 2147483648) % v.length];
			for (let i = 0; i < 300; i++) { const j = {kty: "RSA", n: pick(), e: pick(), d: pick(), p: pick(), q: pick()}; for (const m in j) if (j[m] === undefined) delete j[m];
				try { const k = await S.importKey("jwk", j, {name: "RSA-PSS", hash: "SHA-256"}, true, j.d === undefined ? ["verify"] : ["sign"]);
					if (k.type === "public") await S.verify({name: "RSA-PSS", saltLength: i % 2}, k, raw, raw).catch(e => out.add(e.name)); else await S.sign({name: "RSA-PSS", saltLength: i % 2}, k, raw).catch(e => out.add(e.name));
				} catch (e) { out.add(e.name) } } return [...out].filter(n => n !== "DataError" && n !== "OperationError")`, "[]"},
		"bytes for a JWK":          {`await S.importKey("jwk", raw, {name: "HMAC", hash: "SHA-1"}, true, ["sign"])`, `TypeError: Import data provided for "jwk" import format must be a JsonWebKey.`},
		"too many iterations":      {`await pbkdf2({iterations: 100001})`, "NotSupportedError: Pbkdf2 failed: iteration counts above 100000 are not supported (requested 100001)."},
		"no iterations":            {`await pbkdf2({iterations: 0})`, "OperationError: PBKDF2 requires a positive iteration count (requested 0)."},
		"a null length":            {`await pbkdf2({}, null)`, "OperationError: PBKDF2 cannot derive a key with null length."},
		"parts of bytes":           {`await pbkdf2({}, 7)`, "OperationError: PBKDF2 requires a derived key length that is a multiple of eight (requested 7)."},
		"too much of HKDF":         {`await S.deriveBits({name: "HKDF", hash: "SHA-1", salt: raw, info: raw}, hk, 8 * 256 * 20)`, "OperationError: HKDF deriveBits failed."},
		"HKDF without a salt":      {`await S.deriveBits({name: "HKDF", hash: "SHA-1", info: raw}, hk, 8)`, `TypeError: Missing field "salt" in "algorithm".`},
		"an unknown curve":         {`await S.generateKey({name: "ECDSA", namedCurve: "P-1"}, true, ["sign"])`, `NotSupportedError: Unrecognized or unimplemented EC curve "P-1" requested.`},
		"a pair that cannot sign":  {`await S.generateKey({name: "ECDSA", namedCurve: "P-256"}, true, ["verify"])`, "SyntaxError: Attempt to generate asymmetric keys with no valid private key usages."},
		"a point that is none":     {`return await S.importKey("raw", new Uint8Array(65).fill(4), {name: "ECDSA", namedCurve: "P-256"}, true, ["verify"]).catch(e => e.name)`, "DataError"},
		"an exponent of 4":         {`await S.generateKey({name: "RSA-PSS", modulusLength: 2048, publicExponent: new Uint8Array([4]), hash: "SHA-1"}, true, ["sign"])`, `OperationError: The "publicExponent" must be either 3 or 65537, but got 4.`},
		"spki of a private key":    {`const k = await S.generateKey("Ed25519", true, ["sign"]); await S.exportKey("spki", k.privateKey)`, `InvalidAccessError: Asymmetric spki export requires public key (not "private").`},
		"a key of another curve":   {`const x = await S.generateKey({name: "ECDH", namedCurve: "P-256"}, true, ["deriveBits"]), y = await S.generateKey({name: "ECDH", namedCurve: "P-384"}, true, ["deriveBits"]); await S.deriveBits({name: "ECDH", public: x.publicKey}, y.privateKey, 8)`, `InvalidAccessError: Private key for derivation is using curve "P-384" while public key is using curve "P-256".`},
		"more bits than there are": {`const x = await S.generateKey("X25519", true, ["deriveBits"]); await S.deriveBits({name: "X25519", public: x.publicKey}, x.privateKey, 264)`, "OperationError: Derived key length (264 bits) is too long (should be at most 256 bits)."},
		"a wrong wrapping key":     {`const w = await S.generateKey({name: "AES-KW", length: 128}, true, ["unwrapKey"]); return await S.unwrapKey("raw", new Uint8Array(24), w, "AES-KW", "AES-GCM", true, ["encrypt"]).catch(e => e.name)`, "OperationError"},
		"deriving odd things":      {`const k = await S.importKey("raw", raw, "PBKDF2", false, ["deriveKey"]); await S.deriveKey({name: "PBKDF2", hash: "SHA-1", salt: raw, iterations: 1}, k, "Ed25519", true, ["sign"])`, `NotSupportedError: Unrecognized derived key type "Ed25519" requested.`},
	}
	for name, s := range scripts {
		scripts[name] = script{given + s.body, s.want}
	}
	run(t, scripts)
}
