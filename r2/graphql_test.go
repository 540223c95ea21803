package r2

import (
	"encoding/json"
	"strings"
	"testing"
)

// The storage of a bucket is told under its own name: in a jurisdiction, behind that one's.
func TestStorageMetricsKnowJurisdictions(t *testing.T) {
	s := open(t, t.TempDir(), Options{NoSync: true, Clock: frozen()})
	for name, o := range map[string]BucketOptions{"bound": {Jurisdiction: "eu"}, "free": {}} {
		b, err := s.CreateWith(t.Context(), name, o)
		if err != nil {
			t.Fatal(err)
		}
		put(t, b, "k", "hello", PutOptions{})
	}
	for name, there := range map[string]bool{
		"free": true, "eu_bound": true,
		"bound": false, "eu_free": false, "fedramp_bound": false, "none": false, "eu_": false, "": false,
	} {
		answer, err := s.storageMetrics("", json.RawMessage(`{"filter":{"bucketName":"`+name+`"}}`))
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(b), `"payloadSize":5`); got != there {
			t.Errorf("%q: %s", name, b)
		}
	}
}
