package emulator

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/cfemu/cfemu/emulator/preview"
	"github.com/cfemu/cfemu/emulator/wrangler"
	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/fsx"
)

// A besideRun is what a wrangler that runs beside this house needs: a file, and in one of the ways a
// door of its own.
type besideRun struct {
	preload, authority string // paths, or empty
	listeners          []net.Listener
}

// openBeside prepares for the remote bindings of a wrangler that runs beside this house.
func (e *Emulator) openBeside() (err error) {
	e.preview = preview.New(preview.Options{
		// Not the emulator's clock: wrangler counts a session's time by the machine's.
		Clock: clock.System, Way: e.opts.Beside, Resolve: e.remoteBinding,
		Opened: func(worker string, bindings []preview.Binding, problems []error) {
			var names []string
			for _, b := range bindings {
				names = append(names, b.Name)
			}
			e.info(fmt.Sprintf("remote bindings of %s in wrangler: %s", worker, strings.Join(names, ", ")))
			for _, err := range problems {
				e.warn(err.Error())
			}
		},
	})
	switch e.opts.Beside {
	case preview.Preload:
		e.besideRun.preload, err = e.writePreload()
	case preview.TLS:
		err = e.openBesideDoor()
	}
	return err
}

// writePreload lays the script down in the project's .cfemu, and where that cannot be written in the
// state. It is left there: programs that outlive this house keep its path in NODE_OPTIONS, and Node.js
// does not start when the file is missing.
func (e *Emulator) writePreload() (string, error) {
	dir, err := ignoreDotDir(e.project)
	if err == nil {
		var path string
		if path, err = writeOnce(filepath.Join(dir, "wrangler-preload.cjs"), preview.Script); err == nil {
			return path, nil
		}
	}
	path, stateErr := writeOnce(e.state.path("wrangler-preload.cjs"), preview.Script)
	if stateErr != nil {
		return "", fmt.Errorf("write the preload script for wrangler: %w", errors.Join(err, stateErr))
	}
	return path, nil
}

// writeOnce makes path hold content, whole at every moment, and leaves it alone when it does.
func writeOnce(path string, content []byte) (string, error) {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return path, nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".preload-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return path, nil
}

// besidePort is where a wrangler calls whose host name is none.
const besidePort = 443

// openBesideDoor opens the TLS door on loopback, whatever address the other doors have.
func (e *Emulator) openBesideDoor() error {
	dir, write := e.state.path("tls"), fsx.WriteFile
	if e.opts.Ephemeral { // gone at the end: no fsync
		write = os.WriteFile
	}
	cert, err := preview.Certificate(dir, clock.System.Now(), write)
	if err != nil {
		return fmt.Errorf("the certificate for --remote-bindings tls: %w", err)
	}
	wish := portWish{ip: "127.0.0.1", port: besidePort, named: "--remote-bindings tls, since wrangler calls no other"}
	if e.opts.TLSPort != nil {
		wish.port = *e.opts.TLSPort
	}
	door, err := listen(wish)
	switch {
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("--remote-bindings tls: %w. The port needs rights: those of root, or `sysctl net.ipv4.ip_unprivileged_port_start=%d`. --remote-bindings preload needs none", err, besidePort)
	case err != nil:
		return fmt.Errorf("--remote-bindings tls: %w. --remote-bindings preload needs no port of its own", err)
	}
	e.onClose(func(context.Context) error { return door.close() })
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	for _, l := range door.listeners {
		e.besideRun.listeners = append(e.besideRun.listeners, tls.NewListener(l, config))
	}
	e.besideRun.authority = filepath.Join(dir, preview.CertificateFile)
	return nil
}

// remoteBinding is what a wrangler's remote binding reaches: the same as the house's own binding of
// that id, when the configuration has one, and else what such a binding would reach.
func (e *Emulator) remoteBinding(ctx context.Context, workerName string, b preview.Binding) (http.RoundTripper, error) {
	cfg := e.config()
	if cfg == nil {
		cfg = &wrangler.Config{}
	}
	switch b.Type {
	case "d1":
		id, name := identify(b.ID, nameOfDatabase(cfg, b), workerName, b.Name, isUUID)
		db, err := e.d1.Ensure(ctx, id, name)
		if err != nil {
			return nil, fmt.Errorf("binding %s: %w", b.Name, err)
		}
		return e.d1.Wire(db.ID), nil
	case "kv_namespace":
		id, title := identify(b.NamespaceID, "", workerName, b.Name, isHexID)
		ns, err := e.kv.Ensure(ctx, id, title)
		if err != nil {
			return nil, fmt.Errorf("binding %s: %w", b.Name, err)
		}
		return e.kv.Wire(ns.ID), nil
	case "r2_bucket":
		_, name := identify("", b.BucketName, workerName, b.Name, isUUID)
		if _, err := e.r2.Ensure(ctx, name); err != nil {
			return nil, fmt.Errorf("binding %s: %w", b.Name, err)
		}
		return e.r2.Wire(name), nil
	case "queue":
		if _, err := e.queues.Ensure(ctx, b.QueueName); err != nil {
			return nil, fmt.Errorf("binding %s: %w", b.Name, err)
		}
		return e.queues.Wire(b.QueueName, 0), nil
	case "ai":
		return e.ai.Wire(), nil
	case "service":
		return e.service(cfg, wrangler.Service{Binding: b.Name, Service: b.Service, Entrypoint: b.Entrypoint}), nil
	}
	// Deviation: remote bindings of other products are answered with an error
	return nil, fmt.Errorf("the remote binding %s is of type %s, which is not emulated", b.Name, b.Type)
}

// nameOfDatabase is the database_name that the configuration has for a remote binding, which itself
// has only an id: a placeholder there says nothing.
func nameOfDatabase(cfg *wrangler.Config, b preview.Binding) string {
	for _, own := range cfg.D1Databases {
		if own.DatabaseID == b.ID && own.Binding == b.Name {
			return own.DatabaseName
		}
	}
	return ""
}
