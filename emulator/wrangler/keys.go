package wrangler

// A key is a key of the top level or of an env block.
type key struct {
	name string
	// inherit: an env block that does not set it has the top level's.
	inherit bool
	// top: it is not allowed in an env block.
	top bool
	// missing: it is known and cfemu does not emulate it yet.
	missing bool
	// kinds are what its value may be, when decode is nil.
	kinds []kind
	// bindings is how the bindings in it are called in messages, when decode is nil and it has some.
	bindings string
	decode   func(d *decoder, v *value, path string)
}

// keys are all keys that wrangler knows. The order is that of decoding.
// Receipt: wrangler 4.164.0, config-schema.json and workers-utils/src/config/validation.ts
var keys = []key{
	{name: "$schema", top: true, kinds: []kind{kindString}},
	{name: "env", top: true, kinds: []kind{kindObject}},

	// Inherited.
	{name: "name", inherit: true, decode: (*decoder).name},
	{name: "main", inherit: true, decode: (*decoder).main},
	{name: "compatibility_date", inherit: true, decode: (*decoder).compatibilityDate},
	{name: "compatibility_flags", inherit: true, decode: (*decoder).compatibilityFlags},
	{name: "account_id", inherit: true, kinds: []kind{kindString}},
	{name: "find_additional_modules", inherit: true, decode: (*decoder).findAdditionalModules},
	{name: "preserve_file_names", inherit: true, decode: (*decoder).preserveFileNames},
	{name: "base_dir", inherit: true, decode: (*decoder).baseDir},
	{name: "workers_dev", inherit: true, kinds: []kind{kindBool}},
	{name: "preview_urls", inherit: true, kinds: []kind{kindBool}},
	{name: "route", inherit: true, decode: (*decoder).route},
	{name: "routes", inherit: true, decode: (*decoder).routes},
	{name: "tsconfig", inherit: true, decode: (*decoder).tsconfig},
	{name: "jsx_factory", inherit: true, decode: (*decoder).jsxFactory},
	{name: "jsx_fragment", inherit: true, decode: (*decoder).jsxFragment},
	{name: "migrations", inherit: true, missing: true, kinds: []kind{kindArray}},
	{name: "exports", inherit: true, missing: true, kinds: []kind{kindObject}},
	{name: "triggers", inherit: true, decode: (*decoder).triggers},
	{name: "limits", inherit: true, decode: (*decoder).limits},
	{name: "rules", inherit: true, decode: (*decoder).rules},
	{name: "build", inherit: true, decode: (*decoder).build},
	{name: "no_bundle", inherit: true, decode: (*decoder).noBundle},
	{name: "minify", inherit: true, decode: (*decoder).minify},
	{name: "keep_names", inherit: true, decode: (*decoder).keepNames},
	{name: "first_party_worker", inherit: true, kinds: []kind{kindBool}},
	{name: "logfwdr", inherit: true, missing: true, kinds: []kind{kindObject}},
	{name: "logpush", inherit: true, kinds: []kind{kindBool}},
	{name: "upload_source_maps", inherit: true, kinds: []kind{kindBool}},
	{name: "placement", inherit: true, kinds: []kind{kindObject}},
	{name: "assets", inherit: true, decode: (*decoder).assets},
	{name: "observability", inherit: true, kinds: []kind{kindObject}},
	{name: "access", inherit: true, missing: true, kinds: []kind{kindObject}},
	{name: "cache", inherit: true, missing: true, kinds: []kind{kindObject}},
	{name: "compliance_region", inherit: true, kinds: []kind{kindString}},
	{name: "python_modules", inherit: true, missing: true, kinds: []kind{kindObject}},
	{name: "previews", inherit: true, kinds: []kind{kindObject}},

	// Not inherited.
	{name: "vars", decode: (*decoder).vars},
	{name: "secrets", decode: (*decoder).secrets},
	{name: "define", decode: (*decoder).define},
	{name: "d1_databases", decode: (*decoder).d1Databases},
	{name: "kv_namespaces", decode: (*decoder).kvNamespaces},
	{name: "r2_buckets", decode: (*decoder).r2Buckets},
	{name: "queues", decode: (*decoder).queues},
	{name: "ai", decode: (*decoder).ai},
	{name: "version_metadata", decode: (*decoder).versionMetadata},
	{name: "services", decode: (*decoder).services},
	{name: "durable_objects", missing: true, kinds: []kind{kindObject}, bindings: "Durable Object"},
	{name: "workflows", missing: true, kinds: []kind{kindArray}, bindings: "Workflow"},
	{name: "cloudchamber", missing: true, kinds: []kind{kindObject}},
	{name: "containers", missing: true, kinds: []kind{kindArray}},
	{name: "send_email", missing: true, kinds: []kind{kindArray}, bindings: "email sender"},
	{name: "connect", missing: true, kinds: []kind{kindArray}},
	{name: "vectorize", missing: true, kinds: []kind{kindArray}, bindings: "Vectorize index"},
	{name: "ai_search_namespaces", missing: true, kinds: []kind{kindArray}, bindings: "AI Search namespace"},
	{name: "ai_search", missing: true, kinds: []kind{kindArray}, bindings: "AI Search instance"},
	{name: "agent_memory", missing: true, kinds: []kind{kindArray}, bindings: "Agent Memory"},
	{name: "hyperdrive", missing: true, kinds: []kind{kindArray}, bindings: "Hyperdrive config"},
	{name: "analytics_engine_datasets", missing: true, kinds: []kind{kindArray}, bindings: "Analytics Engine dataset"},
	{name: "browser", missing: true, kinds: []kind{kindObject}, bindings: "browser"},
	{name: "analytics", missing: true, kinds: []kind{kindObject}, bindings: "Analytics SQL"},
	{name: "images", missing: true, kinds: []kind{kindObject}, bindings: "Images"},
	{name: "media", missing: true, kinds: []kind{kindObject}, bindings: "Media"},
	{name: "stream", missing: true, kinds: []kind{kindObject}, bindings: "Stream"},
	{name: "unsafe", missing: true, kinds: []kind{kindObject}, bindings: "unsafe binding"},
	{name: "mtls_certificates", missing: true, kinds: []kind{kindArray}, bindings: "mTLS certificate"},
	{name: "tail_consumers", missing: true, kinds: []kind{kindArray, kindNull}},
	{name: "streaming_tail_consumers", missing: true, kinds: []kind{kindArray, kindNull}},
	{name: "dispatch_namespaces", missing: true, kinds: []kind{kindArray}, bindings: "dispatch namespace"},
	{name: "pipelines", missing: true, kinds: []kind{kindArray}, bindings: "pipeline"},
	{name: "k2", missing: true, kinds: []kind{kindArray}, bindings: "K2 stream"},
	{name: "secrets_store_secrets", missing: true, kinds: []kind{kindArray}, bindings: "Secrets Store secret"},
	{name: "artifacts", missing: true, kinds: []kind{kindArray}, bindings: "Artifacts"},
	{name: "unsafe_hello_world", missing: true, kinds: []kind{kindArray}, bindings: "Hello World"},
	{name: "flagship", missing: true, kinds: []kind{kindArray}, bindings: "Flagship"},
	{name: "ratelimits", missing: true, kinds: []kind{kindArray}, bindings: "rate limit"},
	{name: "worker_loaders", missing: true, kinds: []kind{kindArray}, bindings: "Worker loader"},
	{name: "vpc_services", missing: true, kinds: []kind{kindArray}, bindings: "VPC service"},
	{name: "vpc_networks", missing: true, kinds: []kind{kindArray}, bindings: "VPC network"},

	// At the top level only.
	{name: "dev", top: true, inherit: true, decode: (*decoder).dev},
	{name: "alias", top: true, inherit: true, decode: (*decoder).alias},
	{name: "pages_build_output_dir", top: true, inherit: true, missing: true, kinds: []kind{kindString}},
	{name: "send_metrics", top: true, inherit: true, kinds: []kind{kindBool}},
	{name: "dependencies_instrumentation", top: true, inherit: true, kinds: []kind{kindObject}},
	{name: "site", top: true, inherit: true, missing: true, kinds: []kind{kindObject}},
	{name: "wasm_modules", top: true, inherit: true, missing: true, kinds: []kind{kindObject}, bindings: "Wasm module"},
	{name: "text_blobs", top: true, inherit: true, missing: true, kinds: []kind{kindObject}, bindings: "text blob"},
	{name: "data_blobs", top: true, inherit: true, missing: true, kinds: []kind{kindObject}, bindings: "data blob"},
	{name: "keep_vars", top: true, inherit: true, kinds: []kind{kindBool}},
	{name: "addresses", top: true, inherit: true, missing: true, kinds: []kind{kindArray}},
}

// removed are keys that wrangler once knew, or that belong elsewhere, with what to do instead.
var removed = map[string]struct {
	fatal bool // wrangler refuses to go on
	hint  string
}{
	"legacy_env":         {true, `remove it: every environment is a Worker of its own now, named "<name>-<environment>"`},
	"node_compat":        {true, `use "compatibility_flags": ["nodejs_compat"] instead`},
	"type":               {false, "remove it: wrangler no longer knows project types"},
	"webpack_config":     {false, `remove it: wrangler bundles with esbuild, or use "build"`},
	"usage_model":        {false, "remove it: all Workers have the standard usage model"},
	"zone_id":            {false, `put it into an entry of "routes"`},
	"webhooks":           {false, "remove it"},
	"port":               {false, `put it into "dev": {"port": …}`},
	"ip":                 {false, `put it into "dev": {"ip": …}`},
	"host":               {false, `put it into "dev": {"host": …}`},
	"crons":              {false, `put it into "triggers": {"crons": […]}`},
	"cron":               {false, `put it into "triggers": {"crons": […]}`},
	"binding":            {false, `put it into the list of its kind, such as "d1_databases": [{"binding": …}]`},
	"database_id":        {false, `put it into an entry of "d1_databases"`},
	"database_name":      {false, `put it into an entry of "d1_databases"`},
	"migrations_dir":     {false, `put it into an entry of "d1_databases"`},
	"bucket_name":        {false, `put it into an entry of "r2_buckets"`},
	"producers":          {false, `put it into "queues"`},
	"consumers":          {false, `put it into "queues"`},
	"command":            {false, `put it into "build"`},
	"watch_dir":          {false, `put it into "build"`},
	"cpu_ms":             {false, `put it into "limits"`},
	"required":           {false, `put it into "secrets"`},
	"kv":                 {false, `did you mean "kv_namespaces"?`},
	"d1":                 {false, `did you mean "d1_databases"?`},
	"r2":                 {false, `did you mean "r2_buckets"?`},
	"queue":              {false, `did you mean "queues"?`},
	"environments":       {false, `did you mean "env"?`},
	"entry":              {false, `did you mean "main"?`},
	"entrypoint":         {false, `did you mean "main"?`},
	"entry_point":        {false, `did you mean "main"?`},
	"variables":          {false, `did you mean "vars"?`},
	"environment":        {false, `did you mean "env" or "vars"?`},
	"compat_date":        {false, `did you mean "compatibility_date"?`},
	"compat_flags":       {false, `did you mean "compatibility_flags"?`},
	"externals":          {false, `use "alias", or mark the import as external in a build of your own`},
	"additional_modules": {false, `did you mean "find_additional_modules"?`},
}

// keyNames are the names of the keys allowed in an env block, or at the top level.
func keyNames(inEnv bool) []string {
	var out []string
	for _, k := range keys {
		if !inEnv || !k.top {
			out = append(out, k.name)
		}
	}
	return out
}

func findKey(name string) *key {
	for i := range keys {
		if keys[i].name == name {
			return &keys[i]
		}
	}
	return nil
}
