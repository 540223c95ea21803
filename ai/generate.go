package ai

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
)

// defaultMaxTokens is how much a model writes that is told nothing.
//
// Receipt: the parameter tables of the models' pages: 256, for most of those with formResponse.
const defaultMaxTokens = 256

// A request is the inputs of a text model once they are checked.
type request struct {
	messages  []message
	maxTokens int
	stream    bool
}

type message struct{ role, content string }

// generate answers for a text generation model.
//
// Deviation: sampling options (temperature, top_p, seed, …), tools and lora are accepted and do nothing.
//
// Deviation: no prompt is too long for a model's context window.
func (s *Service) generate(m Model, inputs json.RawMessage) (*Answer, error) {
	req, err := parseRequest(m, inputs)
	if err != nil {
		return nil, err
	}
	out := pieces(compose(req.messages))
	finish := "stop"
	if len(out) > req.maxTokens {
		out, finish = out[:req.maxTokens], "length"
	}
	var u Usage
	for _, msg := range req.messages {
		u.PromptTokens += countTokens(msg.content) + messageTokens
	}
	u.CompletionTokens = len(out)
	u.TotalTokens = u.PromptTokens + u.CompletionTokens

	a := &Answer{Usage: u}
	if m.form == formChat {
		c := completion{id: "chatcmpl-" + inputID(m.Name, inputs), created: s.clock.Now().Unix(), model: m.Name}
		if req.stream {
			a.Events, err = c.events(out, finish, u)
			return a, err
		}
		a.JSON, err = c.whole(strings.Join(out, ""), finish, u)
		return a, err
	}
	if req.stream {
		a.Events, err = responseEvents(out, u)
		return a, err
	}
	a.JSON, err = json.Marshal(struct {
		Response string `json:"response"`
		Usage    Usage  `json:"usage"`
	}{strings.Join(out, ""), u})
	return a, err
}

// responseEvents is the stream of a model that answers {"response":…}.
//
// Receipt: streams quoted by users in 2026: one event for each token, then an empty one with usage.
func responseEvents(out []string, u Usage) ([]json.RawMessage, error) {
	type event struct {
		Response string `json:"response"`
		Usage    *Usage `json:"usage,omitempty"`
	}
	var events eventList
	for _, p := range out {
		events.add(event{Response: p})
	}
	events.add(event{Usage: &u})
	return events.list, events.err
}

// A completion is what all parts of one OpenAI chat completion have in common.
type completion struct {
	id      string
	created int64
	model   string
}

type choice struct {
	Index        int          `json:"index"`
	Message      *chatMessage `json:"message,omitempty"`
	Delta        *chatMessage `json:"delta,omitempty"`
	FinishReason *string      `json:"finish_reason"`
}

type chatMessage struct {
	Role    string `json:"role,omitempty"`
	Content string `json:"content"`
}

type chatObject struct {
	ID      string   `json:"id"`
	Object  string   `json:"object"`
	Created int64    `json:"created"`
	Model   string   `json:"model"`
	Choices []choice `json:"choices"`
	Usage   *Usage   `json:"usage,omitempty"`
}

func (c completion) object(kind string, choices []choice, u *Usage) chatObject {
	return chatObject{ID: c.id, Object: kind, Created: c.created, Model: c.model, Choices: choices, Usage: u}
}

func (c completion) whole(text, finish string, u Usage) (json.RawMessage, error) {
	return json.Marshal(c.object("chat.completion", []choice{{
		Message:      &chatMessage{Role: "assistant", Content: text},
		FinishReason: &finish,
	}}, &u))
}

func (c completion) events(out []string, finish string, u Usage) ([]json.RawMessage, error) {
	const kind = "chat.completion.chunk"
	var events eventList
	for i, p := range out {
		delta := &chatMessage{Content: p}
		if i == 0 {
			delta.Role = "assistant"
		}
		events.add(c.object(kind, []choice{{Delta: delta}}, nil))
	}
	events.add(c.object(kind, []choice{{Delta: &chatMessage{}, FinishReason: &finish}}, nil))
	events.add(c.object(kind, []choice{}, &u))
	return events.list, events.err
}

// An eventList keeps the first error of many marshallings.
type eventList struct {
	list []json.RawMessage
	err  error
}

func (l *eventList) add(v any) {
	data, err := json.Marshal(v)
	if err != nil && l.err == nil {
		l.err = err
	}
	l.list = append(l.list, data)
}

// inputID names a call by its input.
func inputID(model string, inputs []byte) string {
	h := fnv.New128a()
	h.Write([]byte(model))
	h.Write([]byte{0})
	h.Write(inputs)
	return hex.EncodeToString(h.Sum(nil))
}

func parseRequest(m Model, inputs json.RawMessage) (request, error) {
	var in struct {
		Prompt              json.RawMessage `json:"prompt"`
		Messages            json.RawMessage `json:"messages"`
		Input               json.RawMessage `json:"input"`
		MaxTokens           json.RawMessage `json:"max_tokens"`
		MaxCompletionTokens json.RawMessage `json:"max_completion_tokens"`
		Stream              json.RawMessage `json:"stream"`
		ResponseFormat      *struct {
			Type string `json:"type"`
		} `json:"response_format"`
	}
	if err := json.Unmarshal(inputs, &in); err != nil {
		return request{}, &Error{Code: CodeSchema, Message: "Error: Type mismatch of '/', the inputs must be an object", Err: err}
	}
	if f := in.ResponseFormat; f != nil && f.Type != "" && f.Type != "text" {
		return request{}, notEmulated(fmt.Sprintf("the response_format %q", f.Type))
	}
	if given(in.Input) && !given(in.Prompt) && !given(in.Messages) {
		return request{}, notEmulated("the \"input\" of the Responses API; \"messages\" and \"prompt\" work")
	}
	messages, err := parseMessages(m, in.Prompt, in.Messages)
	if err != nil {
		return request{}, err
	}
	req := request{messages: messages, maxTokens: defaultMaxTokens}
	if given(in.Stream) {
		if err := json.Unmarshal(in.Stream, &req.stream); err != nil {
			return request{}, schemaError(wrongType("/stream", in.Stream, "boolean"))
		}
	}
	for _, f := range []struct {
		name string
		raw  json.RawMessage
	}{{"/max_completion_tokens", in.MaxCompletionTokens}, {"/max_tokens", in.MaxTokens}} {
		if !given(f.raw) {
			continue
		}
		if err := json.Unmarshal(f.raw, &req.maxTokens); err != nil {
			return request{}, schemaError(wrongType(f.name, f.raw, "integer"))
		}
		if req.maxTokens < 1 {
			return request{}, schemaError(fmt.Sprintf("'%s' is %d, it must be at least 1", f.name, req.maxTokens))
		}
	}
	return req, nil
}

// given reports whether a field was there at all; null is as good as absent.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// parseMessages reads the two forms of a prompt. When neither fits, production's schema names what
// is wrong with the first and then with the second.
func parseMessages(m Model, prompt, list json.RawMessage) ([]message, error) {
	if given(prompt) && !given(list) {
		var text string
		if err := json.Unmarshal(prompt, &text); err != nil {
			return nil, unmet(wrongType("/prompt", prompt, "string"), "required properties at '/' are 'messages'")
		}
		if text == "" {
			return nil, unmet("'/prompt' must not be empty", "required properties at '/' are 'messages'")
		}
		return []message{{role: "user", content: text}}, nil
	}
	const noPrompt = "required properties at '/' are 'prompt'"
	if !given(list) {
		return nil, unmet(noPrompt, "required properties at '/' are 'messages'")
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(list, &raws); err != nil {
		return nil, unmet(noPrompt, wrongType("/messages", list, "array"))
	}
	if len(raws) == 0 {
		return nil, unmet(noPrompt, "'/messages' must have at least one message")
	}
	var messages []message
	for i, raw := range raws {
		at := fmt.Sprintf("/messages/%d", i)
		var in struct {
			Role    *string         `json:"role"`
			Content json.RawMessage `json:"content"`
		}
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, unmet(noPrompt, wrongType(at, raw, "object"))
		}
		if in.Role == nil || in.Content == nil {
			return nil, unmet(noPrompt, fmt.Sprintf("required properties at '%s' are 'role,content'", at))
		}
		text, err := content(m, in.Content, at+"/content")
		if err != nil {
			return nil, err
		}
		messages = append(messages, message{role: *in.Role, content: text})
	}
	return messages, nil
}

// content reads what a message says: a string or, with models that take them, a list of parts.
func content(m Model, raw json.RawMessage, at string) (string, error) {
	var text string
	if string(raw) == "null" && m.parts {
		return "", nil // an assistant's message that only called tools
	}
	if string(raw) != "null" && json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if !m.parts || json.Unmarshal(raw, &parts) != nil {
		return "", unmet("required properties at '/' are 'prompt'", wrongType(at, raw, "string"))
	}
	var texts []string
	for _, p := range parts {
		if p.Type != "text" {
			return "", notEmulated(fmt.Sprintf("message parts of type %q", p.Type))
		}
		texts = append(texts, p.Text)
	}
	return strings.Join(texts, "\n"), nil
}

func unmet(first, second string) *Error {
	return schemaError("oneOf at '/' not met, 0 matches: " + first + ", " + second)
}

func wrongType(at string, raw json.RawMessage, want string) string {
	return fmt.Sprintf("Type mismatch of '%s', '%s' not in '%s'", at, typeOf(raw), want)
}

func typeOf(raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}
