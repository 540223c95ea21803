package wrangler

// A Config is a project's configuration for one environment, after inheritance. All paths are
// absolute; what a file left out has wrangler's default unless a field says otherwise.
type Config struct {
	File string // the configuration file
	Dir  string // its folder: the project
	Env  string // the chosen environment; empty for the top level

	Name               string // with "-ENV" appended for an environment that sets no name; "worker" when there is none
	Main               string // the entry file; empty when the Worker consists of assets only
	CompatibilityDate  string
	CompatibilityFlags []string

	Vars    []Var             // plain_text and json bindings, in the file's order, --var last
	Secrets map[string]string // what .dev.vars or .env files hold; disjoint from Vars
	// RequiredSecrets are the names under secrets.required.
	RequiredSecrets []string

	D1Databases     []D1Database
	KVNamespaces    []KVNamespace
	R2Buckets       []R2Bucket
	Queues          Queues
	AI              *NamedBinding
	VersionMetadata *NamedBinding
	Services        []Service
	Assets          *Assets
	Triggers        Triggers
	Routes          []Route
	Limits          Limits

	Dev                   Dev
	Build                 Build
	Rules                 []Rule
	Alias                 map[string]string
	Define                map[string]string
	NoBundle              bool
	FindAdditionalModules *bool // nil: not set, which means true with NoBundle and false without
	PreserveFileNames     bool
	BaseDir               string // empty: the folder of Main
	TSConfig              string // empty: the nearest tsconfig.json
	JSXFactory            string // empty: as tsconfig says
	JSXFragment           string // empty: as tsconfig says
	Minify                bool
	KeepNames             bool

	// NotEmulated are the keys in use that cfemu knows and does not emulate yet.
	NotEmulated []string
	// Inputs are all files that were read, or looked for and not found: a change of any of them can
	// change the configuration.
	Inputs   []string
	Warnings []Warning

	declaresSecrets bool     // there is a secrets block
	taken           []string // the names of all bindings but variables and secrets
}

// A Pos is a place in a file, from 1. The zero Pos is no place.
type Pos struct {
	File         string // relative to the project's folder
	Line, Column int
}

// A Var is a variable. Text is its value, or its JSON text when JSON is set.
type Var struct {
	Name string
	Text string
	JSON bool
}

// A D1Database is an entry of d1_databases.
type D1Database struct {
	Binding           string
	DatabaseName      string
	DatabaseID        string
	PreviewDatabaseID string
	MigrationsDir     string // absolute; DIR/migrations when the file says nothing
	MigrationsTable   string // d1_migrations when the file says nothing
	MigrationsPattern string // a glob relative to the project's folder; empty: all .sql files of MigrationsDir
	Remote            bool
	Pos               Pos
}

// A KVNamespace is an entry of kv_namespaces.
type KVNamespace struct {
	Binding   string
	ID        string
	PreviewID string
	Remote    bool
	Pos       Pos
}

// An R2Bucket is an entry of r2_buckets.
type R2Bucket struct {
	Binding           string
	BucketName        string
	PreviewBucketName string
	Jurisdiction      string
	Remote            bool
	S3                *S3Credentials // local_dev.experimental_s3_credentials; nil: none
	Pos               Pos
}

// S3Credentials are a key pair that R2's S3 endpoint takes for a bucket.
type S3Credentials struct{ AccessKeyID, SecretAccessKey string }

// Queues are the queues that a Worker sends to and receives from.
type Queues struct {
	Producers []QueueProducer
	Consumers []QueueConsumer
}

// A QueueProducer is an entry of queues.producers.
type QueueProducer struct {
	Binding       string
	Queue         string // WORKER-BINDING, in lower case, when the file names none
	DeliveryDelay *int   // seconds; wrangler calls it deprecated and without effect
	Remote        bool
	Pos           Pos
}

// A QueueConsumer is an entry of queues.consumers. A nil field was not set.
type QueueConsumer struct {
	Queue               string
	MaxBatchSize        *int
	MaxBatchTimeout     *int // seconds
	MaxRetries          *int
	DeadLetterQueue     string
	MaxConcurrency      *int
	VisibilityTimeoutMS *int
	RetryDelay          *int // seconds
	Pos                 Pos
}

// A NamedBinding is a binding that consists of its name.
type NamedBinding struct {
	Binding string
	Remote  bool
	Pos     Pos
}

// A Service is an entry of services.
type Service struct {
	Binding    string
	Service    string
	Entrypoint string
	Props      string // JSON text; empty when there are none
	Remote     bool
	Pos        Pos
}

// Assets is the assets block.
type Assets struct {
	Directory        string // absolute; it need not exist
	Binding          string // empty: none
	HTMLHandling     string // empty: not set
	NotFoundHandling string // empty: not set
	BasePath         string // as "/docs/"; empty: not set
	RunWorkerFirst   bool
	// RunWorkerFirstFor are the patterns, when run_worker_first is a list.
	RunWorkerFirstFor []string

	directory Error // where the directory is named
	binding   *value
	first     *value // run_worker_first
}

// Wrong is the error that something is wrong with the directory.
func (a *Assets) Wrong(message, hint string) *Error {
	e := a.directory
	e.Message, e.Hint = message, hint
	return &e
}

// Triggers is the triggers block.
type Triggers struct {
	Crons []string
}

// A Route is an entry of routes, or route.
type Route struct {
	Pattern      string
	ZoneID       string
	ZoneName     string
	CustomDomain bool
}

// Limits is the limits block; nil where not set.
type Limits struct {
	CPUMS       *int
	Subrequests *int
}

// Dev is the dev block. An empty or nil field was not set.
type Dev struct {
	IP               string
	Port             *int
	Host             string
	LocalProtocol    string
	UpstreamProtocol string
	InspectorPort    *int
	Pos              Pos // of port, for the message that it is in use
}

// Build is the build block: a command of the user's own that runs before bundling.
type Build struct {
	Command   string
	Cwd       string   // the project's folder when not set
	WatchDirs []string // DIR/src when not set; nil without a command
}

// A Rule says which files are modules of which type.
type Rule struct {
	Type        string // ESModule, CommonJS, Text, Data or CompiledWasm
	Globs       []string
	Fallthrough *bool
}
