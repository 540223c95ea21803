package isolate_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/cfemu/cfemu/internal/probe"
)

func withRay(ctx context.Context, ray string) context.Context { return probe.WithRay(ctx, ray) }

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

func itoa(n int) string { return strconv.Itoa(n) }
