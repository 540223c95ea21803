package d1

import (
	"context"
	"testing"
)

type testService struct{ *Service }

func openAt(t testing.TB, dir string, opts Options) testService {
	t.Helper()
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return testService{s}
}

func (s testService) create(t testing.TB, name string) *Database {
	t.Helper()
	db, err := s.Create(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return db
}
