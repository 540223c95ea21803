package probe

import (
	"context"
	"errors"
	"testing"
)

func TestNilProbeIsANoOp(t *testing.T) {
	var p *Probe
	span, err := p.Begin(t.Context(), Op{})
	if err != nil {
		t.Fatal(err)
	}
	span.Count("rows_read", 1)
	span.End(nil)
}

func TestFaultIsTheOperationsOwnError(t *testing.T) {
	fault := errors.New("fault")
	var seen []Event
	p := &Probe{
		Intercept: func(context.Context, Op) error { return fault },
		Observe:   func(e Event) { seen = append(seen, e) },
	}
	if _, err := p.Begin(WithRay(t.Context(), "abc"), Op{Product: "kv", Name: "get"}); !errors.Is(err, fault) {
		t.Errorf("Begin = %v, want the fault", err)
	}
	if len(seen) != 1 || !errors.Is(seen[0].Err, fault) || seen[0].Ray != "abc" {
		t.Errorf("observed %+v, want one event with the fault and the ray", seen)
	}
}

func TestCountsAddUp(t *testing.T) {
	var seen Event
	p := &Probe{Observe: func(e Event) { seen = e }}
	span, _ := p.Begin(t.Context(), Op{Product: "d1"})
	span.Count("rows_read", 2)
	span.Count("rows_read", 3)
	span.End(nil)
	if seen.Counts["rows_read"] != 5 {
		t.Errorf("rows_read = %d, want 5", seen.Counts["rows_read"])
	}
}
