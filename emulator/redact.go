package emulator

import "strings"

// told is a request's target as the terminal and the log have it: the values of parameters that let whoever
// reads them do something are left out.
func told(target string) string {
	path, query, found := strings.Cut(target, "?")
	if !found {
		return target
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		if name, value, _ := strings.Cut(pair, "="); value != "" && isSecret(name) {
			pairs[i] = name + "=…"
		}
	}
	return path + "?" + strings.Join(pairs, "&")
}

// secretNames are parts of the names of such parameters: of signed URLs of S3, Azure and others, of OAuth,
// and of what people call their keys.
var secretNames = []string{"token", "signature", "credential", "secret", "password", "passwd", "api_key", "apikey", "api-key", "access_key", "accesskey", "authorization", "jwt", "session"}

func isSecret(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "sig", "code", "key", "auth", "pass", "pwd", "state", "otp":
		return true
	}
	for _, part := range secretNames {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
