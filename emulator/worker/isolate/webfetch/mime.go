package webfetch

import (
	"strings"
)

// A mimeType is a MIME type by the MIME Sniffing Standard.
type mimeType struct {
	essence string // type/subtype in lower case
	params  [][2]string
}

const httpSpace = " \t\r\n"

// parseMIME parses s; ok is false when it is no MIME type.
func parseMIME(s string) (m mimeType, ok bool) {
	essence, rest, _ := strings.Cut(strings.Trim(s, httpSpace), ";")
	kind, sub, ok := strings.Cut(strings.TrimRight(essence, httpSpace), "/")
	if !ok || !isToken(kind) || !isToken(sub) {
		return mimeType{}, false
	}
	m.essence = lower(kind + "/" + sub)
	for rest != "" {
		rest = strings.TrimLeft(rest, httpSpace+";")
		end := strings.IndexAny(rest, ";=")
		if end < 0 {
			break
		}
		name := lower(rest[:end])
		if rest[end] == ';' {
			rest = rest[end+1:]
			continue
		}
		var value string
		if value, rest, ok = paramValue(rest[end+1:]); ok && isToken(name) && m.param(name) == nil {
			m.params = append(m.params, [2]string{name, value})
		}
	}
	return m, true
}

// paramValue takes a parameter's value, quoted or not, from the start of s.
func paramValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		value = strings.TrimRight(value, httpSpace)
		return value, rest, value != ""
	}
	var b strings.Builder
	i := 1
	for ; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	_, rest, _ = strings.Cut(s[min(i, len(s)):], ";")
	return b.String(), rest, true
}

// param returns the value of a parameter, or nil.
func (m mimeType) param(name string) *string {
	for i := range m.params {
		if m.params[i][0] == name {
			return &m.params[i][1]
		}
	}
	return nil
}

// String is the type as the standard writes it.
func (m mimeType) String() string {
	var b strings.Builder
	b.WriteString(m.essence)
	for _, p := range m.params {
		b.WriteString(";" + p[0] + "=")
		if isToken(p[1]) {
			b.WriteString(p[1])
		} else {
			b.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p[1]) + `"`)
		}
	}
	return b.String()
}

// blobType is the type that a Blob made of a body with this Content-Type has.
func blobType(contentType string) string {
	m, ok := parseMIME(contentType)
	if !ok {
		return ""
	}
	return m.String()
}
