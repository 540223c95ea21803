package jsregexp

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

//go:embed unicode.txt
var tableText string

// tables is the text of unicode.txt by its first two fields.
var tables = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(tableText) {
		if kind, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok {
			name, ranges, _ := strings.Cut(rest, "\t")
			m[kind+name] = ranges
		}
	}
	return m
})

// scriptAliases are the scripts' names by their short ones.
var scriptAliases = sync.OnceValue(func() map[string]string {
	m := map[string]string{"Zzzz": "Unknown"}
	pairs := strings.Fields(tables()["a"])
	for n := 0; n+1 < len(pairs); n += 2 {
		m[pairs[n+1]] = pairs[n]
	}
	return m
})

// table returns a set of unicode.txt.
func table(key string) set {
	var s set
	next := rune(0)
	for field := range strings.FieldsSeq(tables()[key]) {
		from, length, _ := strings.Cut(field, "-")
		lo := next + base36(from)
		hi := lo + base36(length)
		s = append(s, span{lo, hi})
		next = hi + 1
	}
	return s
}

func base36(digits string) rune {
	n, _ := strconv.ParseInt(digits, 36, 32) // "" is 0
	return rune(n)
}

// propertyAliases are the short names of binary properties, and two long ones that Go spells otherwise.
var propertyAliases = map[string]string{
	"AHex": "ASCII_Hex_Digit", "Alpha": "Alphabetic", "Bidi_C": "Bidi_Control", "Bidi_M": "Bidi_Mirrored",
	"CI": "Case_Ignorable", "CWCF": "Changes_When_Casefolded", "CWCM": "Changes_When_Casemapped",
	"CWKCF": "Changes_When_NFKC_Casefolded", "CWL": "Changes_When_Lowercased", "CWT": "Changes_When_Titlecased",
	"CWU": "Changes_When_Uppercased", "DI": "Default_Ignorable_Code_Point", "Dep": "Deprecated", "Dia": "Diacritic",
	"EBase": "Emoji_Modifier_Base", "EComp": "Emoji_Component", "EMod": "Emoji_Modifier", "EPres": "Emoji_Presentation",
	"Ext": "Extender", "ExtPict": "Extended_Pictographic", "Gr_Base": "Grapheme_Base", "Gr_Ext": "Grapheme_Extend",
	"Hex": "Hex_Digit", "IDC": "ID_Continue", "IDS": "ID_Start", "IDSB": "IDS_Binary_Operator",
	"IDST": "IDS_Trinary_Operator", "Ideo": "Ideographic", "Join_C": "Join_Control", "LOE": "Logical_Order_Exception",
	"Lower": "Lowercase", "NChar": "Noncharacter_Code_Point", "Pat_Syn": "Pattern_Syntax",
	"Pat_WS": "Pattern_White_Space", "QMark": "Quotation_Mark", "RI": "Regional_Indicator", "SD": "Soft_Dotted",
	"STerm": "Sentence_Terminal", "Term": "Terminal_Punctuation", "UIdeo": "Unified_Ideograph", "Upper": "Uppercase",
	"VS": "Variation_Selector", "XIDC": "XID_Continue", "XIDS": "XID_Start", "space": "White_Space",
}

// goOnly are Go's properties that regular expressions do not know.
var goOnly = map[string]bool{"Hyphen": true, "Prepended_Concatenation_Mark": true, "STerm": true}

// stringProperties hold sequences of code points; only the v flag knows them.
var stringProperties = map[string]bool{"Basic_Emoji": true, "Emoji_Keycap_Sequence": true, "RGI_Modifier_Sequence": true,
	"RGI_Emoji": true, "RGI_Emoji_Flag_Sequence": true, "RGI_Emoji_Modifier_Sequence": true,
	"RGI_Emoji_Tag_Sequence": true, "RGI_Emoji_ZWJ_Sequence": true}

// binary finds a property without a value: a binary one or a general category.
func binary(name string) (set, bool) {
	if s, ok := category(name); ok {
		return s, true
	}
	switch name {
	case "Any":
		return any_, true
	case "ASCII":
		return ascii, true
	case "Assigned":
		s, _ := category("Cn")
		return s.complement(), true
	}
	if long, ok := propertyAliases[name]; ok {
		name = long
	}
	if _, ok := tables()["p"+name]; ok {
		return table("p" + name), true
	}
	if t, ok := unicode.Properties[name]; ok && !strings.HasPrefix(name, "Other_") && !goOnly[name] {
		return fromTable(t), true
	}
	return nil, false
}

func category(name string) (set, bool) {
	if short, ok := unicode.CategoryAliases[name]; ok {
		name = short
	}
	t, ok := unicode.Categories[name]
	if !ok {
		return nil, false
	}
	return fromTable(t), true
}

func script(name string, extensions bool) (set, bool) {
	if long, ok := scriptAliases()[name]; ok {
		name = long
	}
	if name == "Unknown" {
		var known []set
		for _, t := range unicode.Scripts {
			known = append(known, fromTable(t))
		}
		return union(known...).complement(), true
	}
	t, ok := unicode.Scripts[name]
	if !ok {
		return nil, false
	}
	s := fromTable(t)
	if extensions {
		s = union(s, table("+"+name)).minus(table("-" + name))
	}
	return s, true
}

// lookUp finds what stands between the braces of \p{…}.
func lookUp(text string) (set, bool) {
	name, value, valued := strings.Cut(text, "=")
	if !valued {
		return binary(name)
	}
	switch name {
	case "General_Category", "gc":
		return category(value)
	case "Script", "sc":
		return script(value, false)
	case "Script_Extensions", "scx":
		return script(value, true)
	}
	return nil, false
}
