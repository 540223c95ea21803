package webcrypto

import "testing"

// The numbers are the standards' own.
func TestDigestVectors(t *testing.T) {
	run(t, map[string]script{
		"FIPS 180-4, SHA-1":      {`return hex(await S.digest("SHA-1", text("abc")))`, "a9993e364706816aba3e25717850c26c9cd0d89d"},
		"FIPS 180-4, SHA-256":    {`return hex(await S.digest("SHA-256", text("abc")))`, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		"FIPS 180-4, SHA-384":    {`return hex(await S.digest("SHA-384", text("abc")))`, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
		"FIPS 180-4, SHA-512":    {`return hex(await S.digest("SHA-512", text("abc")))`, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
		"RFC 1321, MD5":          {`return hex(await S.digest("MD5", text("abc")))`, "900150983cd24fb0d6963f7d28e17f72"},
		"FIPS 180-4, a million":  {`return hex(await S.digest("SHA-256", new Uint8Array(1e6).fill(97)))`, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
		"any case, as an object": {`return hex(await S.digest({name: "sHa-1"}, text("abc").buffer))`, "a9993e364706816aba3e25717850c26c9cd0d89d"},
		"a view of a part":       {`return hex(await S.digest("SHA-1", text("xabcx").subarray(1, 4)))`, "a9993e364706816aba3e25717850c26c9cd0d89d"},
	})
}

func TestMACAndDerivationVectors(t *testing.T) {
	const jefe = `const k = (hash) => S.importKey("raw", text("Jefe"), {name: "HMAC", hash}, false, ["sign"]); const mac = async (h) => hex(await S.sign("HMAC", await k(h), text("what do ya want for nothing?")));`
	const pb = `const pb = async (p, s, iterations, n) => hex(await S.deriveBits({name: "PBKDF2", hash: "SHA-1", salt: text(s), iterations}, await S.importKey("raw", text(p), "PBKDF2", false, ["deriveBits"]), n * 8));`
	run(t, map[string]script{
		"RFC 2202, HMAC-SHA-1":    {jefe + `return await mac("SHA-1")`, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		"RFC 2202, HMAC-MD5":      {jefe + `return await mac("MD5")`, "750c783e6ab0b503eaa86e310a5db738"},
		"RFC 4231, HMAC-SHA-256":  {jefe + `return await mac("SHA-256")`, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		"RFC 4231, HMAC-SHA-512":  {jefe + `return await mac("SHA-512")`, "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
		"RFC 6070, 1 iteration":   {pb + `return await pb("password", "salt", 1, 20)`, "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
		"RFC 6070, 4096 of them":  {pb + `return await pb("password", "salt", 4096, 20)`, "4b007901b765489abead49d926f721d065a429c1"},
		"RFC 6070, more than 1 T": {pb + `return await pb("passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, 25)`, "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"},
		"RFC 5869, HKDF-SHA-256":  {`const k = await S.importKey("raw", new Uint8Array(22).fill(11), "HKDF", false, ["deriveBits"]); return hex(await S.deriveBits({name: "HKDF", hash: "SHA-256", salt: unhex("000102030405060708090a0b0c"), info: unhex("f0f1f2f3f4f5f6f7f8f9")}, k, 336))`, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
		"RFC 7515 A.1, HS256 of a JWK": {`const k = await S.importKey("jwk", {kty: "oct", k: "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}, {name: "HMAC", hash: "SHA-256"}, false, ["sign"]);
			const input = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
			return btoa(String.fromCharCode(...new Uint8Array(await S.sign("HMAC", k, text(input)))))`, "dBjftJeZ4CVP+mB92K27uhbUJU1p1r/wW1gFWFOEjXk="},
	})
}

func TestCipherVectors(t *testing.T) {
	const key = `const imp = (name, k) => S.importKey("raw", unhex(k), name, false, ["encrypt", "decrypt"]);`
	run(t, map[string]script{
		"GCM specification, case 4": {key + `const k = await imp("AES-GCM", "feffe9928665731c6d6a8f9467308308");
			const p = {name: "AES-GCM", iv: unhex("cafebabefacedbaddecaf888"), additionalData: unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")};
			const plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
			const c = await S.encrypt(p, k, unhex(plain)); return [hex(c), hex(await S.decrypt(p, k, c)) === plain].join()`,
			"42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47,true"},
		"SP 800-38A F.2.1, CBC": {key + `const k = await imp("AES-CBC", "2b7e151628aed2a6abf7158809cf4f3c"); const p = {name: "AES-CBC", iv: unhex("000102030405060708090a0b0c0d0e0f")};
			const c = await S.encrypt(p, k, unhex("6bc1bee22e409f96e93d7e117393172a")); return [hex(c).slice(0, 32), c.byteLength, hex(await S.decrypt(p, k, c))].join()`,
			"7649abac8119b246cee98e9b12e9197d,32,6bc1bee22e409f96e93d7e117393172a"},
		"SP 800-38A F.5.1, CTR": {key + `const k = await imp("AES-CTR", "2b7e151628aed2a6abf7158809cf4f3c"); return hex(await S.encrypt({name: "AES-CTR", counter: unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"), length: 64}, k, unhex("6bc1bee22e409f96e93d7e117393172a")))`,
			"874d6191b620e3261bef6864990db6ce"},
		// A counter of 8 bits that starts at 255 wraps to 0 and leaves the other bits alone.
		"CTR wraps in its own bits": {key + `const k = await imp("AES-CTR", "2b7e151628aed2a6abf7158809cf4f3c"); const enc = async (counter, n) => hex(await S.encrypt({name: "AES-CTR", counter: unhex(counter), length: 8}, k, new Uint8Array(n)));
			return await enc("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", 40) === await enc("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", 16) + await enc("f0f1f2f3f4f5f6f7f8f9fafbfcfdfe00", 24)`, "true"},
		"RFC 3394 4.1 and 4.6, KW": {`const wrap = async (kek, k) => { const w = await S.importKey("raw", unhex(kek), "AES-KW", false, ["wrapKey", "unwrapKey"]);
				const inner = await S.importKey("raw", unhex(k), {name: "HMAC", hash: "SHA-1"}, true, ["sign"]); const c = await S.wrapKey("raw", inner, w, "AES-KW");
				const back = await S.unwrapKey("raw", c, w, "AES-KW", {name: "HMAC", hash: "SHA-1"}, true, ["sign"]); return hex(c) + (hex(await S.exportKey("raw", back)) === k) };
			return [await wrap("000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff"), await wrap("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f")].join()`,
			"1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5true,28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21true"},
	})
}

func TestSignatureVectors(t *testing.T) {
	run(t, map[string]script{
		"RFC 8032, Ed25519 test 2": {`const b64 = (h) => btoa(String.fromCharCode(...unhex(h))).replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
			const x = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", d = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
			const k = await S.importKey("jwk", {kty: "OKP", crv: "Ed25519", x: b64(x), d: b64(d)}, "Ed25519", false, ["sign"]); const p = await S.importKey("raw", unhex(x), "ed25519", true, ["verify"]);
			const s = await S.sign("Ed25519", k, unhex("72")); return [hex(s), await S.verify("Ed25519", p, s, unhex("72")), await S.verify("Ed25519", p, s, unhex("73"))].join()`,
			"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00,true,false"},
		"RFC 6979 A.2.5, ECDSA P-256": {`const p = await S.importKey("raw", unhex("0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"), {name: "ECDSA", namedCurve: "P-256"}, true, ["verify"]);
			const s = unhex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
			const v = (m, sig = s) => S.verify({name: "ECDSA", hash: "SHA-256"}, p, sig, text(m)); return [await v("sample"), await v("simple"), await v("sample", s.slice(1))]`, "[true,false,false]"},
		"a compressed point is the same key": {`const p = await S.importKey("raw", unhex("0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"), {name: "ECDSA", namedCurve: "P-256"}, true, ["verify"]); return hex(await S.exportKey("raw", p)).slice(-8)`, "d4462299"},
		"RFC 7748 6.1, X25519": {`const pkcs8 = unhex("302e020100300506032b656e04220420" + "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
			const k = await S.importKey("pkcs8", pkcs8, "X25519", false, ["deriveBits"]); const p = await S.importKey("raw", unhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"), "X25519", true, []);
			return [hex(await S.deriveBits({name: "X25519", public: p}, k, null)), hex(await S.deriveBits({name: "X25519", public: p}, k, 12))].join()`,
			"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742,4a50"},
	})
}
