package ai

import (
	"encoding/json"
	"hash/fnv"
	"math"
	"strings"
	"unicode"
)

// embed answers for an embedding model.
func embed(m Model, inputs json.RawMessage) (*Answer, error) {
	var in struct {
		Text     json.RawMessage `json:"text"`
		Contexts json.RawMessage `json:"contexts"`
		Pooling  string          `json:"pooling"`
		// What Qwen's embedding model takes for text.
		Queries   json.RawMessage `json:"queries"`
		Documents json.RawMessage `json:"documents"`
	}
	if err := json.Unmarshal(inputs, &in); err != nil {
		return nil, &Error{Code: CodeSchema, Message: "Error: Type mismatch of '/', the inputs must be an object", Err: err}
	}
	if in.Contexts != nil {
		return nil, notEmulated("the \"contexts\" input of " + m.Name)
	}
	if in.Text == nil {
		in.Text = in.Queries
	}
	if in.Text == nil {
		in.Text = in.Documents
	}
	if in.Text == nil {
		return nil, schemaError("required properties at '/' are 'text'")
	}
	texts, err := textList(in.Text)
	if err != nil {
		return nil, err
	}
	if in.Pooling == "" {
		in.Pooling = "mean"
	}
	out := struct {
		Shape   [2]int      `json:"shape"`
		Data    [][]float32 `json:"data"`
		Pooling string      `json:"pooling"`
	}{Shape: [2]int{len(texts), m.dimensions}, Pooling: in.Pooling}
	var usage Usage
	for _, t := range texts {
		out.Data = append(out.Data, vector(t, m.dimensions))
		usage.PromptTokens += countTokens(t)
	}
	usage.TotalTokens = usage.PromptTokens
	data, err := json.Marshal(out)
	return &Answer{JSON: data, Usage: usage}, err
}

func textList(raw json.RawMessage) ([]string, error) {
	var texts []string
	var one string
	if err := json.Unmarshal(raw, &one); err == nil {
		texts = []string{one}
	} else if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, schemaError("oneOf at '/text' not met: it must be a string or a list of strings")
	}
	if len(texts) == 0 {
		return nil, schemaError("'/text' must have at least one text")
	}
	for _, t := range texts {
		if t == "" {
			return nil, schemaError("'/text' must not be empty")
		}
	}
	return texts, nil
}

// vector hashes the words of a text, pairs of them, and the three-letter parts of each into d
// dimensions, and scales the result to length 1. Sums are of integers, so that every machine gets
// the same ones.
func vector(text string, d int) []float32 {
	sums := make([]int64, d)
	add := func(feature string, weight int64) {
		h := fnv.New64a()
		h.Write([]byte(feature))
		sum := h.Sum64()
		if sum>>63 == 1 {
			weight = -weight
		}
		sums[(sum&(1<<63-1))%uint64(d)] += weight
	}
	words := words(text)
	if len(words) == 0 {
		words = []string{text} // punctuation only
	}
	for i, w := range words {
		add("w "+w, 6)
		if i > 0 {
			add("p "+words[i-1]+" "+w, 2)
		}
		letters := []rune("<" + w + ">")
		for j := 0; j+3 <= len(letters); j++ {
			add("l "+string(letters[j:j+3]), 1)
		}
	}
	var square int64
	for _, s := range sums {
		square += s * s
	}
	if square == 0 { // every feature met its opposite
		sums[0], square = 1, 1
	}
	length := math.Sqrt(float64(square))
	v := make([]float32, d)
	for i, s := range sums {
		v[i] = float32(float64(s) / length)
	}
	return v
}

// words are the runs of letters and digits of a text, in lower case.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
}
