package workertest

import "testing"

type event struct{ name string }

var events []event

func (s *suite) event(t *testing.T, e event) {}
