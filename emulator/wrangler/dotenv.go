package wrangler

import (
	"regexp"
	"strings"
	"sync"
)

// A pair is a line of a dotenv file.
type pair struct{ key, value string }

// dotenvLine is one assignment. A value is in single, double or back quotes, and may then span lines,
// or goes to the end of the line or to a #.
// Receipt: https://github.com/motdotla/dotenv (the parser that wrangler uses), README
var dotenvLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^[^\S\n]*(?:export[^\S\n]+)?([\w.-]+)(?:[^\S\n]*=[^\S\n]*|:[^\S\n]+)` +
		`('(?:\\'|[^'])*'|"(?:\\"|[^"])*"|` + "`(?:\\\\`|[^`])*`" + `|[^#\n]*)[^\S\n]*(?:#.*)?$`)
})

// parseDotenv reads normalized dotenv text. What is no assignment is skipped, as dotenv does, and given to skip
// by its offset.
func parseDotenv(text string, skip func(offset int)) []pair {
	var out []pair
	last := 0
	for _, m := range dotenvLine().FindAllStringSubmatchIndex(text, -1) {
		reportSkipped(text, last, m[0], skip)
		last = m[1]
		out = append(out, pair{text[m[2]:m[3]], unquote(strings.TrimSpace(text[m[4]:m[5]]))})
	}
	reportSkipped(text, last, len(text), skip)
	return out
}

// normalized is text with the line ends that parseDotenv knows.
func normalized(text string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

// reportSkipped tells of the lines between two assignments that are neither empty nor comments.
func reportSkipped(text string, from, to int, skip func(offset int)) {
	for from < to {
		end := to
		if i := strings.IndexByte(text[from:to], '\n'); i >= 0 {
			end = from + i + 1
		}
		line := text[from:end]
		if trimmed := strings.TrimSpace(line); trimmed != "" && !strings.HasPrefix(trimmed, "#") {
			skip(from + strings.Index(line, trimmed[:1]))
		}
		from = end
	}
}

// unquote takes a value's quotes off. Only double quotes know \n and \r.
func unquote(s string) string {
	if len(s) < 2 || s[0] != s[len(s)-1] || !strings.ContainsRune("'\"`", rune(s[0])) {
		return s
	}
	inner := s[1 : len(s)-1]
	if s[0] == '"' {
		inner = strings.NewReplacer(`\n`, "\n", `\r`, "\r").Replace(inner)
	}
	return inner
}

// expansion is $NAME or ${NAME…}.
var expansion = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\$\{([^{}]+)\}|\$([A-Za-z_][A-Za-z0-9_]*)`)
})

// operator joins a name to what is to stand for it: NAME:-default, NAME-default, NAME:+instead, NAME+instead.
var operator = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`:\+|\+|:-|-`)
})

// maxExpansions ends values that contain themselves.
const maxExpansions = 100

// expand replaces $NAME and ${NAME} in value by what look knows, innermost first. \$ is a plain $.
// Receipt: https://github.com/motdotla/dotenv-expand, README
func expand(value string, look func(name string) string) string {
	seen := map[string]bool{}
	from := 0
	for range maxExpansions {
		m := expansion().FindStringSubmatchIndex(value[from:])
		if m == nil {
			break
		}
		start, end := from+m[0], from+m[1]
		if start > 0 && value[start-1] == '\\' {
			from = end
			continue
		}
		var expression string
		if m[2] >= 0 {
			expression = value[from+m[2] : from+m[3]]
		} else {
			expression = value[from+m[4] : from+m[5]]
		}
		seen[value] = true
		replacement := evaluate(expression, seen, look)
		value = value[:start] + replacement + value[end:]
		from = 0
	}
	return strings.ReplaceAll(value, `\$`, "$")
}

func evaluate(expression string, seen map[string]bool, look func(name string) string) string {
	name, fallback, op := expression, "", ""
	if at := operator().FindStringIndex(expression); at != nil {
		name, op, fallback = expression[:at[0]], expression[at[0]:at[1]], expression[at[1]:]
	}
	found := look(name)
	if strings.HasSuffix(op, "+") {
		if found == "" {
			return ""
		}
		return fallback
	}
	if found == "" || seen[found] {
		return fallback
	}
	return found
}
