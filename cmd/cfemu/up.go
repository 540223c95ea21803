package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

// houseFlags are the flags of up, which exec shares.
type houseFlags struct {
	opts                      emulator.Options
	config, seed, outbound    string
	beside                    string
	port, controlPort, s3Port int
	vars                      []string
	maxBody                   int // MiB
	logFormat, logLevel       string
}

func (h *houseFlags) add(c *cobra.Command, outboundDefault string) {
	f := c.Flags()
	f.SortFlags = false
	f.StringVarP(&h.config, "config", "c", "", "the configuration `FILE`, instead of PROJECT")
	f.StringVarP(&h.opts.Env, "env", "e", "", "the environment `NAME` of the configuration (or CLOUDFLARE_ENV)")
	f.StringArrayVar(&h.opts.EnvFiles, "env-file", nil, "read variables from `FILE` instead of .dev.vars and .env (repeatable)")
	f.StringArrayVar(&h.vars, "var", nil, "set a variable, as `NAME:VALUE` (repeatable)")
	f.IntVar(&h.port, "port", 0, "the Worker's `PORT`; 0 picks a free one (default 8787, or the next free one)")
	f.IntVar(&h.controlPort, "control-port", 0, "the control door's `PORT`; 0 picks a free one (default 8700, or the next free one)")
	f.IntVar(&h.s3Port, "s3-port", 0, "the `PORT` of R2's S3 endpoint; 0 picks a free one (default 8701, or the next free one)")
	f.StringVar(&h.opts.IP, "ip", "", "the `ADDRESS` to listen on (default 127.0.0.1 and [::1])")
	f.StringArrayVar(&h.opts.AllowHosts, "allow-host", nil, "answer requests for host `NAME` too; .NAME means all below it (repeatable)")
	f.BoolVar(&h.opts.RequireToken, "require-token", false, "make all of the control door ask for the run's token; on an --ip that others reach it does by itself")
	f.IntVar(&h.maxBody, "max-body", 100, "refuse request bodies of more than `MB` megabytes at the Worker's door, as Cloudflare does by plan; 0 takes any")
	f.StringVar(&h.opts.State, "state", "", "keep the state in `DIR` (default .cfemu/state in the project)")
	f.StringVar(&h.opts.State, "persist-to", "", "the same as --state `DIR`, by wrangler's name")
	f.StringVar(&h.outbound, "outbound", outboundDefault, "what the Worker's fetch may reach: allow, local or deny (`MODE`)")
	f.StringVar(&h.beside, "remote-bindings", "preload", "how the remote bindings of a wrangler beside it come here: preload, tls or off (`WAY`)")
	f.IntVar(&h.opts.CPUFactor, "cpu-factor", 20, "end a request at `N` times its CPU limit; 1 is literal, but this engine is slower than production")
	f.BoolVar(&h.opts.NoMigrate, "no-migrate", false, "leave pending D1 migrations")
	f.StringVar(&h.seed, "seed", "", "load seed files, from `DIR` (default seed in the project)")
	f.Lookup("seed").NoOptDefVal = emulator.SeedDefault
	f.BoolVar(&h.opts.Reseed, "reseed", false, "empty everything and load the seed again")
}

// options turns the flags into the emulator's options.
func (h *houseFlags) options(c *cobra.Command, p process, args []string) (emulator.Options, error) {
	o := h.opts
	if len(args) > 0 {
		o.Project = args[0]
	}
	if h.config != "" {
		if len(args) > 0 {
			return o, &exitError{2, errors.New("give PROJECT or --config, not both")}
		}
		o.Project = h.config
	}
	var err error
	if o.Vars, err = parseVars(h.vars); err != nil {
		return o, err
	}
	if c.Flags().Changed("port") {
		o.Port = &h.port
	}
	if c.Flags().Changed("control-port") {
		o.ControlPort = &h.controlPort
	}
	if c.Flags().Changed("s3-port") {
		o.S3Port = &h.s3Port
	}
	if o.Outbound, err = emulator.ParseOutbound(h.outbound); err != nil {
		return o, &exitError{2, fmt.Errorf("--outbound: %w", err)}
	}
	if o.Beside, err = emulator.ParseBeside(h.beside); err != nil {
		return o, &exitError{2, fmt.Errorf("--remote-bindings: %w", err)}
	}
	if o.CPUFactor < 1 {
		return o, &exitError{2, errors.New("--cpu-factor: give a whole number of 1 or more")}
	}
	switch {
	case h.maxBody < 0:
		return o, &exitError{2, errors.New("--max-body: give a whole number of megabytes, or 0 for no limit")}
	case h.maxBody == 0:
		o.MaxBody = -1
	default:
		o.MaxBody = int64(h.maxBody) << 20
	}
	o.Seed = h.seed
	if o.Reseed && o.Seed == "" {
		o.Seed = emulator.SeedDefault
	}
	o.Getenv, o.Environ = p.getenv, func() []string { return p.environ }
	return o, nil
}

func newUp(p process) *cobra.Command {
	h := &houseFlags{}
	var detach, wait bool
	c := &cobra.Command{
		Use:   "up [PROJECT]",
		Short: "Serve a project",
		Long: `Serve a project: a folder with a wrangler configuration, or the configuration file itself.
Without PROJECT, the current folder. Save a file and the next request runs the new code.
Ctrl-C lets running requests finish; twice exits at once.`,
		Example: `  cfemu up
  cfemu up fixtures/invoices --seed
  cfemu up -e staging --port 9000
  cfemu up --allow-host .ngrok.app      let a tunnel's webhooks in
  cfemu up -d --wait                    in the background; cfemu down stops it`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o, err := h.options(c, p, args)
			if err != nil {
				return err
			}
			if detach {
				return upDetached(c.Context(), p, o, wait)
			}
			r, err := newReporter(p, h.logFormat, h.logLevel)
			if err != nil {
				return err
			}
			o.Watch, o.Announce, o.Reporter = true, true, r
			return up(c.Context(), o, r)
		},
	}
	h.add(c, "allow")
	c.Flags().BoolVar(&h.opts.Ephemeral, "ephemeral", false, "keep the state in a temporary folder, removed at the end, without fsync")
	c.Flags().BoolVarP(&detach, "detach", "d", false, "run in the background, with its log in .cfemu/cfemu.log")
	c.Flags().BoolVar(&wait, "wait", false, "with -d: return when the first request will succeed")
	c.Flags().StringVar(&h.logFormat, "log-format", "text", "how to show what happens: text or json (`FORMAT`)")
	c.Flags().StringVar(&h.logLevel, "log-level", "info", "what to show: info, warn, error or none (`LEVEL`)")
	return c
}

func up(ctx context.Context, o emulator.Options, r reporter) (err error) {
	defer r.flush()
	e, err := emulator.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	r.table(e)
	return e.Serve(ctx)
}

// environWithout drops variables from an environment.
func environWithout(environ []string, names ...string) []string {
	var out []string
next:
	for _, kv := range environ {
		for _, n := range names {
			if strings.HasPrefix(kv, n+"=") {
				continue next
			}
		}
		out = append(out, kv)
	}
	return out
}

// isTerminal reports whether f is a terminal, and not a file or a pipe.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	if !ok {
		return false
	}
	return termIsTerminal(int(file.Fd()))
}
