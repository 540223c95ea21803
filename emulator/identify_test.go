package emulator

import (
	"context"
	"testing"

	"github.com/cfemu/cfemu/emulator/wrangler"
)

func TestIdentify(t *testing.T) {
	const uuid, hex = "6f2a4c1e-9b1d-4e57-8a3c-2d5b7e0f9a64", "b1f0c6a27d9e4d53a8e2f4190c7b6d35"
	for name, tt := range map[string]struct {
		id, name string
		isID     func(string) bool
		wantID   string
		wantName string
	}{
		"a real id and a name":              {uuid, "shop", isUUID, uuid, "shop"},
		"a real id alone":                   {uuid, "", isUUID, uuid, "w-my-db"},
		"an id in capitals":                 {"6F2A4C1E-9B1D-4E57-8A3C-2D5B7E0F9A64", "", isUUID, "6F2A4C1E-9B1D-4E57-8A3C-2D5B7E0F9A64", "w-my-db"},
		"a name alone":                      {"", "shop", isUUID, "", "shop"},
		"neither":                           {"", "", isUUID, "", "w-my-db"},
		"a placeholder beside a name":       {"replace-with-real-id", "shop", isUUID, "", "shop"},
		"an id of KV":                       {hex, "", isHexID, hex, "w-my-db"},
		"an id of D1 is none of KV":         {uuid, "", isHexID, "", uuid},
		"what is no id is a name":           {"sessions", "", isHexID, "", "sessions"},
		"a name that has id in it":          {"paid-orders", "", isHexID, "", "paid-orders"},
		"a name that begins like your":      {"yourself", "", isHexID, "", "yourself"},
		"a name that begins like replace":   {"replacements", "", isHexID, "", "replacements"},
		"zeros beside a name":               {"00000000-0000-0000-0000-000000000000", "shop", isUUID, "", "shop"},
		"spaces around a real id are wrong": {" " + hex, "", isHexID, "", " " + hex},
	} {
		t.Run(name, func(t *testing.T) {
			if id, n := identify(tt.id, tt.name, "w", "MY_DB", tt.isID); id != tt.wantID || n != tt.wantName {
				t.Errorf("got (%q, %q), want (%q, %q)", id, n, tt.wantID, tt.wantName)
			}
		})
	}
}

// What people write where an id is still to come makes each binding a resource of its own.
func TestPlaceholders(t *testing.T) {
	for _, id := range []string{
		"", "replace-with-real-id", "REPLACE_WITH_REAL_ID", "replace-me", "REPLACE_ME", "<your-kv-id>", "<YOUR_KV_NAMESPACE_ID>",
		"your-kv-namespace-id", "YOUR_KV_ID", "your-database-id-here", "YOUR_DATABASE", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
		"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "xxx", "...", "TODO", "TODO_ID", "todo: create it", "${KV_ID}", "{{kv_id}}", "[id]",
		"placeholder", "placeholder-id", "PLACEHOLDER_ID", "change-me", "CHANGE_ME", "changeme",
		"00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000", "<id>",
	} {
		_, a := identify(id, "", "w", "A", isUUID)
		_, b := identify(id, "", "w", "B", isUUID)
		if a != "w-a" || b != "w-b" {
			t.Errorf("id %q: bindings A and B are %q and %q, want w-a and w-b", id, a, b)
		}
	}
}

// Through the whole house: which bindings share a store, and which do not.
func TestBindingsMeetInTheirStores(t *testing.T) {
	cfg := &wrangler.Config{Name: "w"}
	cfg.KVNamespaces = []wrangler.KVNamespace{
		{Binding: "ONE", ID: "<your-kv-id>"}, {Binding: "TWO", ID: "<your-kv-id>"}, {Binding: "THREE"},
		{Binding: "REAL", ID: "b1f0c6a27d9e4d53a8e2f4190c7b6d35"}, {Binding: "ALIAS", ID: "b1f0c6a27d9e4d53a8e2f4190c7b6d35"},
	}
	cfg.D1Databases = []wrangler.D1Database{
		{Binding: "DB", DatabaseID: "replace-with-real-id"}, {Binding: "DB2", DatabaseID: "replace-with-real-id"},
		{Binding: "NAMED", DatabaseID: "replace-with-real-id", DatabaseName: "shop"}, {Binding: "NAMED2", DatabaseName: "shop"},
		{Binding: "db"},
	}
	e := houseWithoutDoors(t)
	first, err := e.wire(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	again, err := e.wire(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for name, ns := range first.spaces {
		if again.spaces[name].ID != ns.ID {
			t.Errorf("KV %s is another one the second time", name)
		}
	}
	for name, db := range first.databases {
		if again.databases[name].ID != db.ID {
			t.Errorf("D1 %s is another one the second time", name)
		}
	}
	kv := func(name string) string { return first.spaces[name].ID }
	db := func(name string) string { return first.databases[name].ID }
	for what, tt := range map[string]struct {
		a, b string
		same bool
	}{
		"KV by the same placeholder": {kv("ONE"), kv("TWO"), false},
		"KV without an id":           {kv("ONE"), kv("THREE"), false},
		"KV by the same id":          {kv("REAL"), kv("ALIAS"), true},
		"D1 by the same placeholder": {db("DB"), db("DB2"), false},
		"D1 by the same name":        {db("NAMED"), db("NAMED2"), true},
		"D1 bindings DB and db":      {db("DB"), db("db"), false},
	} {
		if (tt.a == tt.b) != tt.same {
			t.Errorf("%s: same store is %v, want %v", what, !tt.same, tt.same)
		}
	}
	if kv("REAL") != "b1f0c6a27d9e4d53a8e2f4190c7b6d35" {
		t.Errorf("a real id became %s", kv("REAL"))
	}
}

// houseWithoutDoors is an emulator with its products open.
func houseWithoutDoors(t *testing.T) *Emulator {
	t.Helper()
	zero := 0
	e, err := Open(t.Context(), Options{Project: emptyProject(t), Ephemeral: true, Port: &zero, ControlPort: &zero, S3Port: &zero})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}
