package r2

import (
	"encoding/hex"
	"testing"
)

// Receipt: the check values of https://reveng.sourceforge.io/crc-catalogue/all.htm, each the CRC of
// these nine digits.
func TestCRCsHaveTheirCheckValues(t *testing.T) {
	for a, want := range map[Algorithm]string{CRC32: "cbf43926", CRC32C: "e3069283", CRC64NVME: "ae8b14860a799888"} {
		h := a.New()
		h.Write([]byte("123456789"))
		if got := hex.EncodeToString(h.Sum(nil)); got != want {
			t.Errorf("%s: %s, want %s", algorithms[a].name, got, want)
		}
	}
}
