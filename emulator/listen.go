package emulator

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// The default ports of the doors.
const (
	DefaultPort        = 8787
	DefaultControlPort = 8700
	DefaultS3Port      = 8701
)

// A portWish is where a door would like to listen.
type portWish struct {
	ip    string
	port  int
	named string // the flag or config position that named the port; empty: it is a default, and the next free one will do
}

// A bound door: one listener, or two when it answers on both loopback addresses.
type bound struct {
	listeners []net.Listener
	addr      netip.AddrPort // the first listener's
	moved     bool           // the default port was in use
}

// maxPortTries bounds the search for a free port above a default one.
const maxPortTries = 100

func listen(w portWish) (*bound, error) {
	for try := 0; ; try++ {
		b, err := listenAt(w.ip, w.port)
		switch {
		case err == nil:
			b.moved = try > 0
			return b, nil
		case !errors.Is(err, syscall.EADDRINUSE):
			return nil, fmt.Errorf("listen on %s: %w", net.JoinHostPort(w.ip, strconv.Itoa(w.port)), err)
		case w.port == 0 && try < maxPortTries: // the port was free on one address only
		case w.named != "":
			return nil, fmt.Errorf("port %d is in use (it was set by %s): stop what uses it, or choose another, 0 for a free one", w.port, w.named)
		case try >= maxPortTries:
			return nil, fmt.Errorf("no free port from %d to %d: choose one with --port", w.port-try, w.port)
		default:
			w.port++
		}
	}
}

// listenAt listens on ip, and on [::1] too where ip is 127.0.0.1 and the machine has IPv6, since
// "localhost" may mean either.
func listenAt(ip string, port int) (*bound, error) {
	first, err := net.Listen("tcp", net.JoinHostPort(ip, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	b := &bound{listeners: []net.Listener{first}, addr: first.Addr().(*net.TCPAddr).AddrPort()}
	if ip != "127.0.0.1" {
		return b, nil
	}
	second, err := net.Listen("tcp", net.JoinHostPort("::1", strconv.Itoa(int(b.addr.Port()))))
	switch {
	case err == nil:
		b.listeners = append(b.listeners, second)
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, errors.Join(err, first.Close())
	}
	return b, nil // no IPv6 on this machine
}

func (b *bound) url() string {
	ip := b.addr.Addr().Unmap()
	if ip.IsUnspecified() {
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return "http://" + netip.AddrPortFrom(ip, b.addr.Port()).String()
}

func (b *bound) close() error {
	var err error
	for _, l := range b.listeners {
		if cerr := l.Close(); cerr != nil && !errors.Is(cerr, net.ErrClosed) {
			err = errors.Join(err, cerr)
		}
	}
	return err
}
