// Package wrangler reads a Worker's configuration as wrangler does: wrangler.json, wrangler.jsonc or
// wrangler.toml, the environment chosen by --env or CLOUDFLARE_ENV, and the variables and secrets of
// .dev.vars and .env files.
//
// Find tells which file belongs to a folder and Load turns it into a Config. Both formats are parsed
// into one tree of values that know their place in the file, and one decoder walks that tree, so that
// every mistake, whichever the format, comes back as an Error with line, column, source line and a
// hint. Load reports all mistakes of a file at once. What is suspicious but works is a Warning.
//
// The package keeps no state and writes nothing; its functions may be called at the same time.
package wrangler
