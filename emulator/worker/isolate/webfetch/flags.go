package webfetch

import "github.com/cfemu/cfemu/emulator/worker/isolate/host"

// The compatibility flags that change what this package does.
//
// Receipt: https://developers.cloudflare.com/workers/configuration/compatibility-flags/
var (
	flagCacheOption        = host.Flag{Name: "cache_option_enabled", Off: "cache_option_disabled", Since: "2024-11-11"}
	flagCacheNoCache       = host.Flag{Name: "cache_no_cache_enabled", Off: "cache_no_cache_disabled", Since: "2025-08-07"}
	flagCacheReload        = host.Flag{Name: "cache_reload_enabled", Off: "cache_reload_disabled"}
	flagStripAuthorization = host.Flag{Name: "strip_authorization_on_cross_origin_redirect",
		Off: "retain_authorization_on_cross_origin_redirect", Since: "2025-09-01"}
	flagIterableBody = host.Flag{Name: "fetch_iterable_type_support", Off: "no_fetch_iterable_type_support", Since: "2026-02-19"}
)
