package webcore

import "testing"

func TestLegacyDecoders(t *testing.T) {
	scripts := map[string]script{}
	for call, want := range map[string]string{
		`'iso-2022-jp', [0x1b,0x24,0x42,0x24,0x22,0x1b,0x28,0x42,0x41]`:      "あA",
		`'iso-2022-jp', [0x1b,0x28,0x4a,0x5c,0x7e,0x41,0x1b,0x28,0x49,0x31]`: "¥‾Aｱ",
		`'iso-2022-jp', [0x41,0x1b,0x24,0x41,0x42]`:                          "A�$AB",
		`'iso-2022-jp', [0x1b,0x41]`:                                         "�A",
		`'iso-2022-jp', [0x41,0x0e,0x0f,0x80]`:                               "A���",
		`'iso-2022-jp', [0x1b,0x24,0x42,0x1b,0x28,0x42,0x41]`:                "�A",
		`'iso-2022-jp', [0x1b,0x24,0x42,0x24,0x1b,0x28,0x42,0x41]`:           "�A",
		`'iso-2022-jp', [0x1b,0x24,0x42,0x24]`:                               "�",
		`'iso-2022-jp', [0x41,0x1b]`:                                         "A�",
		`'iso-2022-jp', [0x41,0x1b,0x24]`:                                    "A�$",
		`'iso-2022-jp', [0x1b,0x24,0x42,0x7e,0x7e,0x30,0x21]`:                "�亜",
	} {
		scripts[call] = script{"const f = (l, b) => new TextDecoder(l).decode(new Uint8Array(b)); return f(" + call + ")", want}
	}
	scripts["iso-2022-jp in pieces"] = script{`const d = new TextDecoder('iso-2022-jp'); return [0x1b,0x24,0x42,0x24,0x22,0x1b,0x28,0x42,0x41].map(b => d.decode(new Uint8Array([b]), {stream: true})).join('') + d.decode()`, "あA"}
	scripts["iso-2022-jp, fatal"] = script{`return new TextDecoder('iso-2022-jp', {fatal: true}).decode(new Uint8Array([0x0e]))`, "TypeError: Failed to decode input."}
	run(t, scripts)
}
