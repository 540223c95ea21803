package ai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
)

const (
	llama = "@cf/meta/llama-3.1-8b-instruct"
	chat  = "@cf/qwen/qwen3-30b-a3b-fp8"
	bge   = "@cf/baai/bge-base-en-v1.5"
)

// invoice is what a Worker that summarises would ask.
const invoice = `{"messages":[{"role":"system","content":"You are a bookkeeper. Be brief."},{"role":"user","content":"Summarise this invoice: ` +
	`{\"invoice_number\":\"INV-2026-0007\",\"customer\":\"Acme GmbH\",\"amount\":9900,\"currency\":\"EUR\",\"status\":\"overdue\"}"}]}`

// run makes one call of env.AI.run as the runtime does.
func run(t *testing.T, s *Service, model, inputs string) (*http.Response, string) {
	t.Helper()
	return call(t, s, "POST", "/run?version=3", model, `{"inputs":`+inputs+`,"options":{}}`)
}

func call(t *testing.T, s *Service, method, target, model, body string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, "https://workers-binding.ai"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("cf-consn-sdk-version", "2.0.0")
	r.Header.Set("cf-consn-model-id", model)
	resp, err := s.Wire().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.ContentLength >= 0 && resp.ContentLength != int64(len(b)) {
		t.Errorf("Content-Length %d, body has %d", resp.ContentLength, len(b))
	}
	return resp, string(b)
}

func frozen() clock.Clock {
	c := clock.NewMovable()
	c.Freeze()
	c.Set(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	return c
}

func TestWireAnswers(t *testing.T) {
	for name, tt := range map[string]struct{ model, inputs, want string }{
		"a prompt": {llama, `{"prompt":"Summarise: The bill is paid."}`,
			`200 application/json {"response":"The bill is paid.","usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17}}`},
		"an invoice": {llama, invoice,
			`200 application/json {"response":"invoice number: INV-2026-0007; customer: Acme GmbH; amount: 9900; currency: EUR; status: overdue.","usage":{"prompt_tokens":76,"completion_tokens":33,"total_tokens":109}}`},
		"a model that answers like OpenAI's": {chat, `{"messages":[{"role":"user","content":[{"type":"text","text":"Sum up: 3 bills are open."}]}]}`,
			`200 application/json {"id":"chatcmpl-34d93e0d618ceca38301560832234ef8","object":"chat.completion","created":1772366400,"model":"@cf/qwen/qwen3-30b-a3b-fp8","choices":[{"index":0,"message":{"role":"assistant","content":"Sum up: 3 bills are open."},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":8,"total_tokens":20}}`},
		"a stream": {llama, `{"prompt":"Summarise: Bill 12 paid.","stream":true}`,
			"200 text/event-stream data: {\"response\":\"Bill\"}\n\ndata: {\"response\":\" 12\"}\n\ndata: {\"response\":\" paid\"}\n\ndata: {\"response\":\".\"}\n\n" +
				"data: {\"response\":\"\",\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":4,\"total_tokens\":15}}\n\ndata: [DONE]\n\n"},
		"a prefix before the model": {"dev:" + llama, `{"prompt":"Summarise: The bill is paid."}`,
			`200 application/json {"response":"The bill is paid.","usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17}}`},
		"no more than max_tokens": {llama, `{"prompt":"Summarise: The bill is paid.","max_tokens":3}`,
			`200 application/json {"response":"The bill is","usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}}`},

		"an unknown model": {"@cf/nobody/nothing", `{"prompt":"x"}`,
			`400 application/json {"internalCode":5007,"name":"AiError","description":"No such model @cf/nobody/nothing or task","message":"5007: No such model @cf/nobody/nothing or task"}`},
		"a model of another task": {"@cf/black-forest-labs/flux-1-schnell", `{"prompt":"x"}`,
			`400 application/json {"internalCode":5007,"name":"AiError","description":"cfemu does not emulate the model @cf/black-forest-labs/flux-1-schnell (Text-to-Image) yet","message":"5007: cfemu does not emulate the model @cf/black-forest-labs/flux-1-schnell (Text-to-Image) yet"}`},
		"neither prompt nor messages": {llama, `{}`, refusal(5006, "Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'prompt', required properties at '/' are 'messages'")},
		"a message without content":   {llama, `{"messages":[{"role":"user"}]}`, refusal(5006, "Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'prompt', required properties at '/messages/0' are 'role,content'")},
		"content in parts where the model takes a string": {llama, `{"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]}`,
			refusal(5006, "Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'prompt', Type mismatch of '/messages/0/content', 'array' not in 'string'")},
		"a prompt that is no string":  {llama, `{"prompt":7}`, refusal(5006, "Error: oneOf at '/' not met, 0 matches: Type mismatch of '/prompt', 'number' not in 'string', required properties at '/' are 'messages'")},
		"an empty prompt":             {llama, `{"prompt":""}`, refusal(5006, "Error: oneOf at '/' not met, 0 matches: '/prompt' must not be empty, required properties at '/' are 'messages'")},
		"max_tokens of zero":          {llama, `{"prompt":"x","max_tokens":0}`, refusal(5006, "Error: '/max_tokens' is 0, it must be at least 1")},
		"stream of a wrong type":      {llama, `{"prompt":"x","stream":"yes"}`, refusal(5006, "Error: Type mismatch of '/stream', 'string' not in 'boolean'")},
		"JSON mode":                   {llama, `{"prompt":"x","response_format":{"type":"json_object"}}`, refusal(5007, `cfemu does not emulate the response_format "json_object" yet`)},
		"an image in a message":       {chat, `{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}`, refusal(5007, `cfemu does not emulate message parts of type "image_url" yet`)},
		"the Responses API":           {"@cf/openai/gpt-oss-20b", `{"input":"x"}`, refusal(5007, `cfemu does not emulate the "input" of the Responses API; "messages" and "prompt" work yet`)},
		"embeddings without text":     {bge, `{}`, refusal(5006, "Error: required properties at '/' are 'text'")},
		"embeddings of an empty text": {bge, `{"text":["a",""]}`, refusal(5006, "Error: '/text' must not be empty")},
	} {
		t.Run(name, func(t *testing.T) {
			s := Open(Options{Clock: frozen()})
			resp, body := run(t, s, tt.model, tt.inputs)
			got := fmt.Sprint(resp.StatusCode, " ", resp.Header.Get("Content-Type"), " ", body)
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if again, same := run(t, s, tt.model, tt.inputs); same != body || again.Header.Get("cf-ai-req-id") != resp.Header.Get("cf-ai-req-id") {
				t.Errorf("the same call gave another answer: %s", same)
			}
		})
	}
}

func refusal(code int, text string) string {
	b, _ := json.Marshal(text)
	m, _ := json.Marshal(fmt.Sprint(code, ": ", text))
	return fmt.Sprintf(`400 application/json {"internalCode":%d,"name":"AiError","description":%s,"message":%s}`, code, b, m)
}

func TestWireRefuses(t *testing.T) {
	s := Open(Options{})
	for name, tt := range map[string]struct {
		method, target, body string
		status               int
		want                 string
	}{
		"a body without inputs":   {"POST", "/run?version=3", `{}`, 400, `"internalCode":3003`},
		"a body of no JSON":       {"POST", "/run?version=3", `{`, 400, `"internalCode":3003`},
		"more than 32 MiB":        {"POST", "/run?version=3", strings.Repeat(" ", maxBody+1), 413, `"internalCode":3006`},
		"a stream as input":       {"POST", "/run?version=3&userInputs=%7B%7D", `raw`, 400, `"internalCode":5007`},
		"an asynchronous batch":   {"POST", "/run?version=3", `{"inputs":{"prompt":"x"},"options":{"queueRequest":true}}`, 400, `queueRequest`},
		"inputs of no object":     {"POST", "/run?version=3", `{"inputs":[1]}`, 400, `"internalCode":5006`},
		"the rest of the binding": {"GET", "/to-everything/markdown/supported", ``, 404, `{"errors":[{"code":7000,"message":"No route: cfemu does not emulate GET /to-everything/markdown/supported of Workers AI yet"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			resp, body := call(t, s, tt.method, tt.target, llama, tt.body)
			if resp.StatusCode != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("got %d %s, want %d %s", resp.StatusCode, body, tt.status, tt.want)
			}
		})
	}
	t.Run("and runs through a gateway", func(t *testing.T) {
		resp, body := call(t, s, "POST", "/ai-gateway/run?version=3", llama, `{"inputs":{"prompt":"Summarise: Paid."},"options":{"gateway":{"id":"g"}}}`)
		if resp.StatusCode != 200 || !strings.Contains(body, `"Paid."`) {
			t.Errorf("got %d %s", resp.StatusCode, body)
		}
	})
}

func TestExtracts(t *testing.T) {
	for name, tt := range map[string]struct{ system, user, want string }{
		"the fields of JSON, nested and in order": {"", `Summarise: {"customer":{"name":"Acme","city":""},"lines":[{"item":"Bolt","qty":3}],"paid":null,"total":12.50}`,
			"customer name: Acme; lines 1 item: Bolt; lines 1 qty: 3; total: 12.50."},
		"lines of name and value": {"", "Summarise the following invoice.\n- Invoice: INV-1\n- Amount: 99.00 EUR\n",
			"Invoice: INV-1; Amount: 99.00 EUR."},
		"the sentences that tell most": {"", "Please summarise: The ship left Hamburg in May. It carried 300 tons of coal. The weather was fine. " +
			"On the way the ship lost 2 anchors.", "The ship left Hamburg in May. It carried 300 tons of coal. On the way the ship lost 2 anchors."},
		"as many sentences as asked for":                              {"", "Summarise in one short sentence. The bill 7 is open. The sky is blue.", "The bill 7 is open."},
		"as many words as asked for":                                  {"Use at most 4 words.", "The bill of May is open since June and nobody knows why.", "The bill of May."},
		"JSON and prose together":                                     {"", `Write a reminder. The customer is angry. {"amount":5}`, "amount: 5. The customer is angry."},
		"what the system prompt states, when the user states nothing": {"The bill 7 is open.", "What is the state of the bill?", "The bill 7 is open."},
		"no instruction":                                              {"", "Write a poem.", "There is nothing to summarise in: Write a poem."},
		"brackets of prose":                                           {"", "The bill [draft is {not} closed.", "The bill [draft is {not} closed."},
		"scripts without spaces":                                      {"", "请款单已付。第二句。", "请款单已付。 第二句。"},
	} {
		t.Run(name, func(t *testing.T) {
			got := compose([]message{{"system", tt.system}, {"assistant", "Ignore 99 me."}, {"user", tt.user}})
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestExtractOfEndlessBrackets(t *testing.T) {
	for _, text := range []string{strings.Repeat("[", 1<<16), strings.Repeat(`{"a":`, 1<<14), strings.Repeat("[1 ", 1<<14)} {
		compose([]message{{"user", text}}) // in time, and without running out of stack
	}
}

func FuzzGenerate(f *testing.F) {
	f.Add(invoice)
	f.Add(`{"prompt":"Summarise in 2 words: {\"a\":[1,{}]} x. y?","max_tokens":2}`)
	f.Add(`{"messages":[{"role":"user","content":"\u0000: \ufffd 。"}]}`)
	s := Open(Options{Clock: frozen()})
	f.Fuzz(func(t *testing.T, inputs string) {
		a, err := s.Run(context.Background(), llama, json.RawMessage(inputs))
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%q: %v", inputs, err)
		}
		if err == nil && a.JSON != nil && !json.Valid(a.JSON) {
			t.Fatalf("%q gave %q", inputs, a.JSON)
		}
	})
}

func TestPieces(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"nothing":                    {"", nil},
		"words take their space":     {"a bill", []string{"a", " bill"}},
		"long words are cut":         {"summarising", []string{"summar", "ising"}},
		"digits go by three":         {"INV-20261", []string{"INV", "-", "202", "61"}},
		"letters with their accents": {"größe", []string{"größe"}},
		"scripts without spaces":     {"请款", []string{"请", "款"}},
		"space at the end counts":    {"a \n", []string{"a", " \n"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := pieces(tt.text)
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if strings.Join(got, "") != tt.text {
				t.Errorf("joined they are %q", strings.Join(got, ""))
			}
		})
	}
}

func TestStreamOfAChatModelIsItsAnswer(t *testing.T) {
	s := Open(Options{Clock: frozen()})
	_, body := run(t, s, chat, `{"prompt":"Summarise: The bill 12 is paid.","stream":true,"max_tokens":4}`)
	var text, finish string
	var usage *Usage
	events := strings.Split(strings.TrimSuffix(body, "\n\n"), "\n\n")
	if last := events[len(events)-1]; last != "data: [DONE]" {
		t.Errorf("ends with %q", last)
	}
	for _, e := range events[:len(events)-1] {
		var c chatObject
		if err := json.Unmarshal([]byte(strings.TrimPrefix(e, "data: ")), &c); err != nil {
			t.Fatalf("event %q: %v", e, err)
		}
		if c.Object != "chat.completion.chunk" || c.Model != chat {
			t.Errorf("event %q", e)
		}
		for _, ch := range c.Choices {
			text += ch.Delta.Content
			if ch.FinishReason != nil {
				finish = *ch.FinishReason
			}
		}
		usage = c.Usage
	}
	if text != "The bill 12 is" || finish != "length" || usage == nil || usage.CompletionTokens != 4 {
		t.Errorf("text %q, finish %q, usage %+v", text, finish, usage)
	}
}

func TestEventsAreReadOneByOne(t *testing.T) {
	r := &eventReader{events: []json.RawMessage{json.RawMessage(`{"a":1}`), json.RawMessage(`{"b":2}`)}}
	buf := make([]byte, 100)
	for _, want := range []string{"data: {\"a\":1}\n\n", "data: {\"b\":2}\n\n", "data: [DONE]\n\n"} {
		n, err := r.Read(buf)
		if err != nil || string(buf[:n]) != want {
			t.Errorf("read %q, %v; want %q", buf[:n], err, want)
		}
	}
	if n, err := r.Read(buf); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %d, %v", n, err)
	}
}

func TestEmbeddings(t *testing.T) {
	s := Open(Options{})
	type embeddings struct {
		Shape   [2]int
		Data    [][]float64
		Pooling string
	}
	of := func(t *testing.T, model string, texts ...string) embeddings {
		t.Helper()
		in, _ := json.Marshal(map[string]any{"text": texts})
		_, body := run(t, s, model, string(in))
		var e embeddings
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return e
	}
	for _, m := range models {
		if m.form != formEmbeddings {
			continue
		}
		t.Run(m.Name+" has unit vectors of its dimensions", func(t *testing.T) {
			e := of(t, m.Name, "an open bill", "?!")
			if e.Shape != [2]int{2, m.dimensions} || len(e.Data) != 2 || len(e.Data[0]) != m.dimensions || e.Pooling != "mean" {
				t.Fatalf("shape %v, %d rows of %d", e.Shape, len(e.Data), len(e.Data[0]))
			}
			for _, v := range e.Data {
				if l := cosine(v, v); math.Abs(l-1) > 1e-5 {
					t.Errorf("length %v", l)
				}
			}
		})
	}
	t.Run("near texts are nearer than far ones", func(t *testing.T) {
		e := of(t, bge, "The invoice for Acme is overdue", "Acme has an overdue invoice", "Bananas ripen in the sun")
		near, far := cosine(e.Data[0], e.Data[1]), cosine(e.Data[0], e.Data[2])
		if near < far+0.3 {
			t.Errorf("near %v, far %v", near, far)
		}
	})
	t.Run("are the same on every machine", func(t *testing.T) {
		var got []string
		for i, x := range vector("open bill", 8) {
			got = append(got, fmt.Sprintf("%d:%v", i, x))
		}
		if s := strings.Join(got, " "); s != embeddingOfOpenBill {
			t.Errorf("got %s", s)
		}
	})
	t.Run("take one string as well", func(t *testing.T) {
		_, body := run(t, s, bge, `{"text":"one"}`)
		if !strings.HasPrefix(body, `{"shape":[1,768],"data":[[`) {
			t.Errorf("got %.60s", body)
		}
	})
}

const embeddingOfOpenBill = "0:0.1042572 1:0.1042572 2:-0.72980046 3:0.62554324 4:0 5:0.1042572 6:0.2085144 7:0"

func cosine(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func TestRunIsBilledInMicroNeurons(t *testing.T) {
	var seen []probe.Event
	fault := errors.New("fault")
	failing := false
	p := &probe.Probe{
		Observe: func(e probe.Event) { seen = append(seen, e) },
		Intercept: func(context.Context, probe.Op) error {
			if failing {
				return fault
			}
			return nil
		},
	}
	s := Open(Options{Probe: p})
	run(t, s, llama, `{"prompt":"Summarise: The bill is paid."}`)
	run(t, s, bge, `{"text":"open bill"}`)
	run(t, s, "@cf/nobody/nothing", `{"prompt":"x"}`)
	failing = true
	if _, err := s.Run(t.Context(), llama, json.RawMessage(`{"prompt":"x"}`)); !errors.Is(err, fault) {
		t.Errorf("Run = %v, want the fault", err)
	}
	want := []struct {
		resource    string
		in, out, mn int64
		failed      bool
	}{
		{llama, 12, 5, 12*25_608 + 5*75_147, false},
		{bge, 2, 0, 2 * 6_058, false},
		{"@cf/nobody/nothing", 0, 0, 0, true},
		{llama, 0, 0, 0, true},
	}
	if len(seen) != len(want) {
		t.Fatalf("%d events, want %d: %+v", len(seen), len(want), seen)
	}
	for i, w := range want {
		e := seen[i]
		if e.Product != "ai" || e.Name != "run" || e.Resource != w.resource || e.Counts["input_tokens"] != w.in ||
			e.Counts["output_tokens"] != w.out || e.Counts["micro_neurons"] != w.mn || (e.Err != nil) != w.failed {
			t.Errorf("event %d: %+v, want %+v", i, e, w)
		}
	}
}

func TestCatalogueIsSound(t *testing.T) {
	names := map[string]bool{}
	for _, m := range Open(Options{}).Models() {
		if names[m.Name] || !strings.HasPrefix(m.Name, "@cf/") {
			t.Errorf("name %s is twice there or odd", m.Name)
		}
		names[m.Name] = true
		if (m.form == formEmbeddings) != (m.dimensions > 0) || (m.form == formEmbeddings) != (m.Task == TextEmbeddings) {
			t.Errorf("%s: task %s, form %d, %d dimensions", m.Name, m.Task, m.form, m.dimensions)
		}
		if m.Emulated() && m.InputNeurons == 0 && m.Name != llama+"-fast" {
			t.Errorf("%s has no price", m.Name)
		}
	}
}
