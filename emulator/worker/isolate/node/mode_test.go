package node_test

import (
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate/node"
)

func TestDateAndFlagsSayHowFarNodeGoes(t *testing.T) {
	for name, tt := range map[string]struct {
		date, flags string
		want        node.Mode
	}{
		"nothing without flags":                    {"2026-08-03", "", node.Off},
		"async_hooks alone":                        {"2026-01-01", "nodejs_als", node.ALS},
		"the prefix is needed before 2024-09-23":   {"2024-09-22", "nodejs_compat", node.V1},
		"it is not from then on":                   {"2024-09-23", "nodejs_compat", node.V2},
		"unless that is turned off":                {"2024-09-23", "nodejs_compat no_nodejs_compat_v2", node.V1},
		"the second flag alone means all":          {"2023-01-01", "nodejs_compat_v2", node.V2},
		"all is there by default since 2026-08-04": {"2026-08-04", "", node.V2},
		"unless both are turned off":               {"2026-08-04", "no_nodejs_compat no_nodejs_compat_v2", node.Off},
	} {
		t.Run(name, func(t *testing.T) {
			if got := node.ModeOf(worker.Compat{Date: tt.date, Flags: strings.Fields(tt.flags)}); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}
