package ai

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
)

// Options are what a Service needs of its house. The zero value works.
type Options struct {
	Clock  clock.Clock  // nil: clock.System
	Probe  *probe.Probe // nil: none
	Logger *slog.Logger // nil: discard
}

// A Service is the Workers AI of one account.
type Service struct {
	clock clock.Clock
	probe *probe.Probe
	log   *slog.Logger
}

// Open returns a Service.
func Open(opts Options) *Service {
	s := &Service{clock: clock.Or(opts.Clock), probe: opts.Probe, log: opts.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Models lists the catalogue, models that are not emulated included.
func (s *Service) Models() []Model { return slices.Clone(models) }

// Usage counts tokens as this package estimates them.
type Usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

// An Answer is what a model gave: a JSON value or, when the inputs asked for a stream, the payloads
// of its server-sent events without the closing [DONE].
type Answer struct {
	JSON   json.RawMessage
	Events []json.RawMessage
	Usage  Usage
}

// Run gives inputs, a JSON object, to a model.
func (s *Service) Run(ctx context.Context, model string, inputs json.RawMessage) (_ *Answer, err error) {
	span, err := s.probe.Begin(ctx, probe.Op{Product: "ai", Name: "run", Resource: model})
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()

	m, err := find(model)
	if err != nil {
		return nil, err
	}
	var a *Answer
	switch m.form {
	case formResponse, formChat:
		a, err = s.generate(m, inputs)
	case formEmbeddings:
		a, err = embed(m, inputs)
	default:
		err = notEmulated("the model " + m.Name + " (" + string(m.Task) + ")")
	}
	if err != nil {
		return nil, err
	}
	span.Count("input_tokens", int64(a.Usage.PromptTokens))
	span.Count("output_tokens", int64(a.Usage.CompletionTokens))
	span.Count("micro_neurons", int64(a.Usage.PromptTokens)*m.InputNeurons+int64(a.Usage.CompletionTokens)*m.OutputNeurons)
	return a, nil
}
