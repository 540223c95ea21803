package assets

import (
	"regexp"
	"strings"
)

// An ignore is the patterns of .assetsignore, which are those of .gitignore, but upper and lower case
// are the same.
//
// Receipt: https://developers.cloudflare.com/workers/static-assets/binding/#ignoring-assets
type ignore struct {
	given    bool // there is a file .assetsignore
	patterns []ignorePattern
}

type ignorePattern struct {
	re     *regexp.Regexp
	negate bool
}

// parseIgnore reads the file's text; nil is no file. Cloudflare's own files are never assets.
func parseIgnore(text *string) ignore {
	lines := "/" + ignoreName + "\n/" + redirectsName + "\n/" + headersName
	if text != nil {
		lines += "\n" + *text
	}
	ig := ignore{given: text != nil}
	for line := range strings.SplitSeq(lines, "\n") {
		if p, ok := parsePattern(line); ok {
			ig.patterns = append(ig.patterns, p)
		}
	}
	return ig
}

func parsePattern(line string) (ignorePattern, bool) {
	trimmed := strings.TrimRight(line, " \t\r")
	if strings.HasSuffix(trimmed, `\`) && len(trimmed) < len(line) {
		trimmed += " " // an escaped space at the end counts
	}
	if trimmed == "" || trimmed[0] == '#' {
		return ignorePattern{}, false
	}
	text, negate := strings.CutPrefix(trimmed, "!")
	text, dirOnly := strings.CutSuffix(text, "/")
	anchored := strings.Contains(text, "/")
	text = strings.TrimPrefix(text, "/")
	if text == "" {
		return ignorePattern{}, false
	}
	expr := "(?is)^"
	if !anchored {
		expr += "(?:.*/)?"
	}
	expr += globExpr(text)
	if dirOnly {
		expr += "/$"
	} else {
		expr += "/?$"
	}
	re, err := regexp.Compile(expr)
	if err != nil { // a class such as [z-a]
		return ignorePattern{}, false
	}
	return ignorePattern{re, negate}, true
}

// globExpr translates a pattern. "*" and "?" stop at slashes, "**" does not.
func globExpr(p string) string {
	var b strings.Builder
	for len(p) > 0 {
		switch {
		case p == "**" || b.Len() > 0 && p == "/**":
			b.WriteString(strings.TrimSuffix(p, "**") + ".+")
			return b.String()
		case b.Len() == 0 && strings.HasPrefix(p, "**/"):
			b.WriteString("(?:.*/)?")
			p = p[3:]
		case strings.HasPrefix(p, "/**/"):
			b.WriteString("/(?:.*/)?")
			p = p[4:]
		case p[0] == '*':
			rest := strings.TrimLeft(p, "*")
			if whole := rest == "" || rest[0] == '/'; whole && (b.Len() == 0 || strings.HasSuffix(b.String(), "/")) {
				b.WriteString("[^/]+") // a name: the folder itself, "a/", is not in "a/*"
			} else {
				b.WriteString("[^/]*")
			}
			p = rest
		case p[0] == '?':
			b.WriteString("[^/]")
			p = p[1:]
		case p[0] == '[' && strings.IndexByte(p[1:], ']') > 0:
			end := strings.IndexByte(p[1:], ']') + 2
			class := p[1 : end-1]
			if class[0] == '!' {
				class = "^" + class[1:]
			}
			b.WriteString("[" + strings.ReplaceAll(class, "[", `\[`) + "]")
			p = p[end:]
		case p[0] == '\\' && len(p) > 1:
			p = p[1:]
			fallthrough
		default:
			r := []rune(p)[0]
			b.WriteString(regexp.QuoteMeta(string(r)))
			p = p[len(string(r)):]
		}
	}
	return b.String()
}

// match reports whether a path without a leading slash is ignored; one of a folder ends with a slash.
// What is in an ignored folder is ignored, and cannot be named again.
func (ig ignore) match(below string) bool {
	for i := range len(below) - 1 {
		if below[i] == '/' && ig.matchOne(below[:i+1]) {
			return true
		}
	}
	return ig.matchOne(below)
}

func (ig ignore) matchOne(path string) bool {
	ignored := false
	for _, p := range ig.patterns {
		if ignored == p.negate && p.re.MatchString(path) {
			ignored = !p.negate
		}
	}
	return ignored
}
