package cldr

import (
	"slices"
	"sort"
	"strings"
)

// A Tag is a well-formed Unicode locale identifier, in canonical form.
type Tag struct {
	Language, Script, Region string
	Variants                 []string
	Keywords                 map[string]string // of the -u- extension; yes is empty
	attributes               []string          // of the -u- extension
	others                   []string          // other extensions and private use, whole
}

// Tags that have got others since.
var languageAliases = map[string]string{"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "tl": "fil", "cmn": "zh", "no": "no", "eng": "en", "deu": "de", "fra": "fr", "spa": "es", "ita": "it", "por": "pt", "jpn": "ja", "zho": "zh"}

var regionAliases = map[string]string{"UK": "GB", "BU": "MM", "DD": "DE", "FX": "FR", "TP": "TL", "YD": "YE", "ZR": "CD", "840": "US", "826": "GB", "276": "DE"}

func all(s string, in func(c byte) bool) bool {
	for i := range len(s) {
		if !in(s[i]) {
			return false
		}
	}
	return true
}

func alpha(c byte) bool    { return isLetter(c) }
func digit(c byte) bool    { return '0' <= c && c <= '9' }
func alphanum(c byte) bool { return alpha(c) || digit(c) }

// IsLanguage, IsScript and IsRegion report whether s is such a subtag.
func IsLanguage(s string) bool {
	return (len(s) == 2 || len(s) == 3 || 5 <= len(s) && len(s) <= 8) && all(s, alpha)
}

// IsScript reports whether s is a script's subtag.
func IsScript(s string) bool { return len(s) == 4 && all(s, alpha) }

// IsRegion reports whether s is a region's subtag.
func IsRegion(s string) bool {
	return len(s) == 2 && all(s, alpha) || len(s) == 3 && all(s, digit)
}

func isVariant(s string) bool {
	return all(s, alphanum) && (5 <= len(s) && len(s) <= 8 || len(s) == 4 && digit(s[0]))
}

// IsType reports whether s is the value of a Unicode extension, such as gregory.
func IsType(s string) bool {
	for part := range strings.SplitSeq(s, "-") {
		if len(part) < 3 || len(part) > 8 || !all(part, alphanum) {
			return false
		}
	}
	return true
}

func title(s string) string { return strings.ToUpper(s[:1]) + strings.ToLower(s[1:]) }

// ParseTag reads a tag, and reports false when it is not well-formed.
func ParseTag(text string) (Tag, bool) {
	parts := strings.Split(text, "-")
	var t Tag
	if !IsLanguage(parts[0]) {
		return t, false
	}
	t.Language = strings.ToLower(parts[0])
	if alias, ok := languageAliases[t.Language]; ok {
		t.Language = alias
	}
	parts = parts[1:]
	if len(parts) > 0 && IsScript(parts[0]) {
		t.Script, parts = title(parts[0]), parts[1:]
	}
	if len(parts) > 0 && IsRegion(parts[0]) {
		t.Region, parts = strings.ToUpper(parts[0]), parts[1:]
		if alias, ok := regionAliases[t.Region]; ok {
			t.Region = alias
		}
	}
	for len(parts) > 0 && isVariant(parts[0]) {
		v := strings.ToLower(parts[0])
		if slices.Contains(t.Variants, v) {
			return t, false
		}
		t.Variants, parts = append(t.Variants, v), parts[1:]
	}
	sort.Strings(t.Variants)
	return t, t.extensions(parts)
}

func (t *Tag) extensions(parts []string) bool {
	seen := map[string]bool{}
	for len(parts) > 0 {
		single := strings.ToLower(parts[0])
		if len(single) != 1 || !alphanum(single[0]) || seen[single] {
			return false
		}
		seen[single] = true
		end := 1
		for end < len(parts) && (len(parts[end]) > 1 || single == "x") {
			if p := parts[end]; p == "" || len(p) > 8 || !all(p, alphanum) {
				return false
			}
			end++
		}
		if end == 1 {
			return false
		}
		body := parts[1:end]
		parts = parts[end:]
		if single == "u" {
			t.unicode(body)
			continue
		}
		t.others = append(t.others, single+"-"+strings.ToLower(strings.Join(body, "-")))
	}
	sort.SliceStable(t.others, func(i, j int) bool {
		x := func(s string) bool { return strings.HasPrefix(s, "x-") }
		if x(t.others[i]) != x(t.others[j]) {
			return x(t.others[j])
		}
		return t.others[i] < t.others[j]
	})
	return true
}

func (t *Tag) unicode(body []string) {
	t.Keywords = map[string]string{}
	key := ""
	for _, p := range body {
		p = strings.ToLower(p)
		switch {
		case len(p) == 2:
			key = p
			if _, twice := t.Keywords[key]; twice {
				key = "" // the first of two counts
				continue
			}
			t.Keywords[key] = ""
		case len(t.Keywords) == 0:
			t.attributes = append(t.attributes, p)
		case key == "":
		case t.Keywords[key] == "" && p == "true":
		default:
			t.Keywords[key] = strings.TrimPrefix(t.Keywords[key]+"-"+p, "-")
		}
	}
}

// Base is the tag without extensions.
func (t Tag) Base() string {
	parts := []string{t.Language}
	for _, p := range append([]string{t.Script, t.Region}, t.Variants...) {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "-")
}

// String is the tag whole.
func (t Tag) String() string {
	var extensions []string
	if len(t.Keywords)+len(t.attributes) > 0 {
		u := strings.Join(append([]string{"u"}, t.attributes...), "-")
		keys := make([]string, 0, len(t.Keywords))
		for key := range t.Keywords {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		for _, key := range keys {
			u += "-" + key
			if v := t.Keywords[key]; v != "" {
				u += "-" + v
			}
		}
		extensions = append(extensions, u)
	}
	extensions = append(extensions, t.others...)
	sort.SliceStable(extensions, func(i, j int) bool {
		a, b := extensions[i][0], extensions[j][0]
		return b == 'x' && a != 'x' || a != 'x' && a < b
	})
	return strings.Join(append([]string{t.Base()}, extensions...), "-")
}

// Default is the locale of a Worker.
const Default = "en-US"

// Locales are those that have tables here.
var locales = []string{"en", "en-US", "en-GB", "en-CA", "en-AU", "en-IN", "en-NZ", "en-IE"}

// Supported is the best locale here for a tag, and false when English will not do.
func Supported(t Tag) (string, bool) {
	if t.Language != "en" || t.Script != "" && t.Script != "Latn" {
		return "", false
	}
	if name := "en-" + t.Region; slices.Contains(locales, name) {
		return name, true
	}
	return "en", true
}
