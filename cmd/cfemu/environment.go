package main

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/cfemu/cfemu/emulator"
)

// An environment is what makes a command, or a shell, talk to a running cfemu: the one source for
// `cfemu exec` and `cfemu env`.
type environment struct {
	set   map[string]string
	unset []string
}

// Who the variables are for. The empty audience is everybody whom they can serve.
const (
	forWrangler = "wrangler"
	forOpenAI   = "openai"
	forS3       = "s3"
)

// credentials are the variables by which Cloudflare's clients could reach a real account. Wrangler prefers
// a key with its email to a token.
var credentials = []string{
	"CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL", "CLOUDFLARE_API_USER_SERVICE_KEY", "CLOUDFLARE_AUTH_PROFILE",
	"CLOUDFLARE_ACCESS_CLIENT_ID", "CLOUDFLARE_ACCESS_CLIENT_SECRET",
	"CF_API_TOKEN", "CF_API_KEY", "CF_EMAIL", "CF_ACCOUNT_ID", "CF_API_BASE_URL",
}

// loopbackHosts must not go through a proxy.
const loopbackHosts = "127.0.0.1,localhost,::1"

// environmentOf returns the variables of run that audience needs, for a process whose environment is environ.
// The error is that of writing a file that they name.
func environmentOf(run emulator.Run, environ []string, audience string) (environment, error) {
	env := environment{set: map[string]string{}}
	if audience == "" {
		maps.Copy(env.set, map[string]string{"CFEMU_URL": run.WorkerURL, "CFEMU_CONTROL_URL": run.ControlURL, "CFEMU_TOKEN": run.Token})
	}
	env.addNoProxy(environ)
	if audience != forWrangler {
		env.addS3(run)
	}
	if audience == forS3 {
		if run.S3URL == "" {
			return env, errors.New("--for s3: it is not known where the S3 endpoint is, since CFEMU_CONTROL_URL names the cfemu: run this in the project's folder")
		}
		return env, nil
	}
	env.addWrangler(run)
	beside, err := besideEnv(environ, run)
	maps.Copy(env.set, beside)
	return env, err
}

// addWrangler adds what wrangler and Cloudflare's SDKs read. The token is a dummy, the same in every run,
// unless the control door asks for the real one.
func (env *environment) addWrangler(run emulator.Run) {
	api, token := run.ControlURL+"/client/v4", "cfemu"
	if run.TokenAsked {
		token = run.Token
	}
	maps.Copy(env.set, map[string]string{
		"CLOUDFLARE_API_BASE_URL": api, // wrangler
		"CLOUDFLARE_BASE_URL":     api, // the SDKs
		"CLOUDFLARE_API_TOKEN":    token,
		"CLOUDFLARE_ACCOUNT_ID":   emulator.AccountID,
		"WRANGLER_SEND_METRICS":   "false",
	})
	env.unset = append(env.unset, credentials...)
}

// realAWS are the variables by which a client of the S3 API could reach a real account.
var realAWS = []string{
	"AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ENDPOINT_URL",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CA_BUNDLE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
}

// addS3 adds what AWS's SDKs and tools read, and for rclone a remote that is called cfemu.
func (env *environment) addS3(run emulator.Run) {
	if run.S3URL == "" {
		return
	}
	maps.Copy(env.set, map[string]string{
		"AWS_ENDPOINT_URL_S3": run.S3URL, "AWS_ACCESS_KEY_ID": run.S3.AccessKeyID, "AWS_SECRET_ACCESS_KEY": run.S3.SecretAccessKey,
		"AWS_REGION": "auto", "AWS_DEFAULT_REGION": "auto",
		"RCLONE_CONFIG_CFEMU_TYPE": "s3", "RCLONE_CONFIG_CFEMU_PROVIDER": "Cloudflare", "RCLONE_CONFIG_CFEMU_REGION": "auto",
		"RCLONE_CONFIG_CFEMU_ENDPOINT": run.S3URL, "RCLONE_CONFIG_CFEMU_ENV_AUTH": "true",
	})
	env.unset = append(env.unset, realAWS...)
}

// addNoProxy keeps requests to cfemu out of a proxy, beside what environ keeps out already.
func (env *environment) addNoProxy(environ []string) {
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		kept := slices.DeleteFunc(strings.Split(lookup(environ, name), ","), func(host string) bool {
			return host == "" || slices.Contains(strings.Split(loopbackHosts, ","), host)
		})
		env.set[name] = strings.Join(append(kept, loopbackHosts), ",")
	}
}

// lookup returns the value of a variable, or "".
func lookup(environ []string, name string) (value string) {
	for _, kv := range environ {
		if n, v, _ := strings.Cut(kv, "="); n == name {
			value = v
		}
	}
	return value
}

// names are those of the variables that env sets, sorted.
func (env environment) names() []string { return slices.Sorted(maps.Keys(env.set)) }

// commandEnv is a command's environment: the emulator's addresses, and nothing that leads elsewhere.
func commandEnv(environ []string, run emulator.Run) ([]string, error) {
	env, err := environmentOf(run, environ, "")
	if err != nil {
		return nil, err
	}
	out := environWithout(environ, append(env.unset, env.names()...)...)
	for _, name := range env.names() {
		out = append(out, name+"="+env.set[name])
	}
	return out, nil
}
