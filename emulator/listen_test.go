package emulator

import (
	"net"
	"net/netip"
	"strings"
	"testing"
)

func TestListen(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	port := int(busy.Addr().(*net.TCPAddr).AddrPort().Port())

	t.Run("a default port in use gives the next free one", func(t *testing.T) {
		b, err := listen(portWish{ip: "127.0.0.1", port: port})
		if err != nil {
			t.Fatal(err)
		}
		defer b.close()
		if !b.moved || int(b.addr.Port()) <= port {
			t.Errorf("got %v, moved %v", b.addr, b.moved)
		}
	})
	t.Run("a named port in use is an error that names it", func(t *testing.T) {
		_, err := listen(portWish{ip: "127.0.0.1", port: port, named: "--port"})
		if err == nil || !strings.Contains(err.Error(), "(it was set by --port)") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("localhost answers on both addresses", func(t *testing.T) {
		b, err := listen(portWish{ip: "127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		defer b.close()
		six, err := net.Listen("tcp", "[::1]:0")
		if err != nil {
			return // no IPv6 here: one listener is right
		}
		six.Close()
		c, err := net.Dial("tcp", netip.AddrPortFrom(netip.IPv6Loopback(), b.addr.Port()).String())
		if err != nil {
			t.Fatalf("[::1]: %v", err)
		}
		c.Close()
	})
}
