package ai

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// How much an extract has that was not told how long to be.
const (
	defaultSentences = 3
	maxFields        = 12
)

// A fact is something that a prompt states.
type fact struct {
	text  string
	field bool // "name: value" rather than a sentence
}

// compose writes the answer to a conversation: the facts it states, shortened.
func compose(messages []message) string {
	var asked, stated, rules []string
	for _, m := range messages {
		switch m.role {
		case "system", "developer":
			rules = append(rules, m.content)
		case "assistant":
		default:
			stated = append(stated, m.content)
			if m.role == "user" {
				asked = []string{m.content} // the last one counts
			}
		}
	}
	limit := wantedLength(slices.Concat(asked, rules))
	facts := factsOf(stated)
	if len(facts) == 0 {
		facts = factsOf(rules)
	}
	if len(facts) == 0 {
		question := strings.Join(strings.Fields(strings.Join(asked, " ")), " ")
		return limit.cut("There is nothing to summarise in: " + question)
	}
	return limit.cut(tell(facts, limit))
}

func factsOf(texts []string) []fact {
	var facts []fact
	for _, t := range texts {
		facts = append(facts, extract(t)...)
	}
	return facts
}

// tell picks the most telling facts and says them in the order they were stated: fields in one
// sentence, then sentences.
func tell(facts []fact, limit length) string {
	var fields, sentences []fact
	for _, f := range facts {
		if f.field {
			fields = append(fields, f)
		} else {
			sentences = append(sentences, f)
		}
	}
	room := defaultSentences
	if limit.sentences > 0 {
		room = limit.sentences
	}
	var out []string
	if len(fields) > 0 {
		texts := make([]string, 0, maxFields)
		for _, f := range fields[:min(len(fields), maxFields)] {
			texts = append(texts, strings.TrimRight(f.text, ".;,"))
		}
		out = append(out, strings.Join(texts, "; ")+".")
		room--
	}
	for _, i := range best(sentences, room) {
		out = append(out, finished(sentences[i].text))
	}
	return strings.Join(out, " ")
}

// best returns the indexes of the n most telling sentences, in order. A sentence tells by the
// words it shares with the others, by its numbers and by standing first.
func best(sentences []fact, n int) []int {
	frequency := map[string]int{}
	for _, s := range sentences {
		for _, w := range words(s.text) {
			if !stopWords[w] {
				frequency[w]++
			}
		}
	}
	order := make([]int, len(sentences))
	score := make([]int, len(sentences))
	for i, s := range sentences {
		order[i] = i
		all := words(s.text)
		seen := map[string]bool{}
		for _, w := range all {
			if stopWords[w] || seen[w] {
				continue
			}
			seen[w] = true
			score[i] += 100 * frequency[w]
			if strings.ContainsFunc(w, unicode.IsDigit) {
				score[i] += 200
			}
		}
		score[i] /= len(all) + 5 // a long sentence must earn its length
		if i == 0 {
			score[i] += 20
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return score[b] - score[a] })
	order = order[:max(0, min(n, len(order)))]
	slices.Sort(order)
	return order
}

// A length is how long the asker wants the answer; zero is no wish.
type length struct{ sentences, words int }

var wish = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(\d{1,3}|an?|one|single|two|three|four|five|six|seven|eight|nine|ten)\s+` +
		`(?:(?:short|brief|concise|plain|simple|single|clear)\s+)*(sentence|line|bullet point|bullet|word)s?\b`)
})

var numbers = map[string]int{"a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5,
	"six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}

func wantedLength(texts []string) (l length) {
	for _, t := range texts {
		for _, m := range wish().FindAllStringSubmatch(t, -1) {
			n, known := numbers[strings.ToLower(m[1])]
			if !known {
				n, _ = strconv.Atoi(m[1]) // three digits at most
			}
			if strings.EqualFold(m[2], "word") {
				if l.words == 0 && n > 1 {
					l.words = n
				}
				continue
			}
			if l.sentences == 0 {
				l.sentences = n
			}
		}
	}
	return l
}

// cut keeps to the wanted number of words.
func (l length) cut(text string) string {
	all := strings.Fields(text)
	if l.words == 0 || len(all) <= l.words {
		return text
	}
	return finished(strings.TrimRight(strings.Join(all[:l.words], " "), ",;:"))
}

func finished(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	for _, stop := range []string{"。", "！", "？"} {
		if strings.HasSuffix(s, stop) {
			return s
		}
	}
	return s + "."
}

// How hard JSON is looked for. Prompts are the user's, and may hold brackets without end.
const (
	maxTries = 100
	maxDepth = 50
)

// extract returns what a text states: the fields of JSON in it, its "name: value" lines and its
// sentences, without what only tells the model what to do.
func extract(text string) []fact {
	var facts []fact
	from := 0 // where to look for JSON
	for range maxTries {
		at := strings.IndexAny(text[from:], "{[")
		if at < 0 {
			break
		}
		at += from
		dec := json.NewDecoder(strings.NewReader(text[at:]))
		dec.UseNumber()
		fields, err := flatten(dec, "", maxDepth)
		if err != nil || len(fields) == 0 {
			from = at + 1 // a bracket of prose
			continue
		}
		facts = append(facts, sentencesOf(text[:at])...)
		facts = append(facts, fields...)
		text, from = text[at+int(dec.InputOffset()):], 0
	}
	return append(facts, sentencesOf(text)...)
}

// flatten reads one JSON value and returns its leaves in order, named by their path.
func flatten(dec *json.Decoder, path string, depth int) ([]fact, error) {
	if depth == 0 {
		return nil, errors.New("nested too deep")
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	open, nested := tok.(json.Delim)
	if !nested {
		if tok == nil || tok == "" {
			return nil, nil
		}
		return []fact{{text: label(path) + fmt.Sprint(tok), field: true}}, nil
	}
	var facts []fact
	for i := 1; dec.More(); i++ {
		name := strconv.Itoa(i)
		if open == '{' {
			key, err := dec.Token()
			if err != nil {
				return nil, err
			}
			name = strings.ReplaceAll(fmt.Sprint(key), "_", " ")
		}
		more, err := flatten(dec, strings.TrimSpace(path+" "+name), depth-1)
		if err != nil {
			return nil, err
		}
		facts = append(facts, more...)
	}
	_, err = dec.Token()
	return facts, err
}

func label(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}

var (
	sentenceEnd = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`[.!?]+["')\]]*\s+|[。！？]+\s*`)
	})
	bullet = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:[-*•#>]+|\d+[.)])\s+`)
	})
	fieldLine = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[\pL\pN][\pL\pN _/#-]{0,40}:\s+\S`)
	})
	command = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^(?:please |now |then |also |always |never |kindly |and |you )*` +
			`(?:summari[sz]e|write|explain|describe|list|give|tell|answer|respond|reply|return|output|use|keep|translate|` +
			`classify|extract|create|generate|make|provide|mention|include|act|be|do|don't|do not|focus|highlight|state|` +
			`rewrite|draft|compose|produce|are|must|should|will|can|could|would|what|who|how|why|when|where|which|is there|here)\b`)
	})
)

func sentencesOf(text string) []fact {
	var facts []fact
	for line := range strings.Lines(text) {
		line = bullet().ReplaceAllString(strings.TrimSpace(line), "")
		for line != "" {
			end := len(line)
			if at := sentenceEnd().FindStringIndex(line); at != nil {
				end = at[1]
			}
			if f, ok := factOf(strings.TrimSpace(line[:end])); ok {
				facts = append(facts, f)
			}
			line = line[end:]
		}
	}
	return facts
}

// factOf judges one sentence. Of "Summarise this: the bill is paid" it keeps what follows the colon.
func factOf(s string) (fact, bool) {
	if command().MatchString(s) {
		_, after, found := strings.Cut(s, ": ")
		if !found {
			return fact{}, false
		}
		s = strings.TrimSpace(after)
	}
	if len(words(s)) == 0 || strings.HasSuffix(s, ":") || strings.HasSuffix(s, "?") {
		return fact{}, false
	}
	return fact{text: strings.Join(strings.Fields(s), " "), field: fieldLine().MatchString(s)}, true
}

// stopWords carry no meaning of their own. Read only.
var stopWords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`a about after all also an and any are as at be because been before but by can could did do
		does for from had has have he her him his how i if in into is it its may me more most my no not of on one or our out
		over she should so some such than that the their them then there these they this to under up was we were what when
		which who why will with would you your`) {
		m[w] = true
	}
	return m
}()
