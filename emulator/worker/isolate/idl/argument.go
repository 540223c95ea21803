package idl

import (
	"fmt"

	"github.com/dop251/goja"
)

// need throws when fewer arguments than required are there. member is empty for a constructor.
func (r *Realm) need(class, member string, required int, args []goja.Value) {
	if len(args) < required {
		r.TypeError("%s", MissingArgument(class, member, required, len(args)))
	}
}

// NeedArguments throws when a static method's call has fewer arguments than it requires.
func (r *Realm) NeedArguments(class, member string, required int, call goja.FunctionCall) {
	r.need(class, member, required, call.Arguments)
}

// MissingArgument is the text for a call of a member, or of the constructor when that is empty, with
// fewer arguments than required. Production names the type of the first one that is missing; where
// that is not known here, the text is that of browsers.
// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/jsg/util.c%2B%2B (typeErrorMessage)
func MissingArgument(class, member string, required, present int) string {
	place := fmt.Sprintf("Failed to construct '%s': ", class)
	parameter := "constructor parameter"
	if member != "" {
		place, parameter = fmt.Sprintf("Failed to execute '%s' on '%s': ", member, class), "parameter"
	}
	if kind := argumentType(class, member, present); kind != "" {
		return fmt.Sprintf("%s%s %d is not of type '%s'.", place, parameter, present+1, kind)
	}
	return fmt.Sprintf("%s%d argument%s required, but only %d present.", place, required, plural(required), present)
}

// argumentType is production's name for the type of a required argument, counted from 0.
func argumentType(class, member string, index int) string {
	switch member {
	case "forEach":
		return "function"
	case "waitUntil", "respondWith":
		return "Promise"
	case "getRandomValues":
		return "ArrayBufferView"
	}
	types := argumentTypes[class]
	if of, ok := argumentTypes[class+"."+member]; ok {
		types = of
	}
	if index < len(types) {
		return types[index]
	}
	return ""
}

// argumentTypes are the types of required arguments by class, and by member where one differs.
var argumentTypes = map[string][]string{
	"Headers": {"string", "string"}, "URLSearchParams": {"string", "string"}, "FormData": {"string", "File or Blob or string"},
	"URL": {"string"}, "Event": {"string"}, "CustomEvent": {"string"}, "ErrorEvent": {"string"},
	"MessageEvent": {"string"}, "CloseEvent": {"string"}, "EventTarget": {"string"}, "Request": {"Request or string"},
	"Cache": {"Request or string", "Response"}, "CacheStorage": {"string"}, "Response.redirect": {"string"},
	"ServiceWorkerGlobalScope.fetch": {"Request or string"}, "ServiceWorkerGlobalScope.btoa": {"string"},
	"ServiceWorkerGlobalScope.atob": {"string"},
	"SubtleCrypto.encrypt":          {"string or EncryptAlgorithm", "CryptoKey"},
	"SubtleCrypto.decrypt":          {"string or EncryptAlgorithm", "CryptoKey"},
	"SubtleCrypto.sign":             {"string or SignAlgorithm", "CryptoKey"},
	"SubtleCrypto.verify":           {"string or SignAlgorithm", "CryptoKey"},
	"SubtleCrypto.digest":           {"string or HashAlgorithm"},
	"SubtleCrypto.generateKey":      {"string or GenerateKeyAlgorithm"},
	"SubtleCrypto.deriveKey":        {"string or DeriveKeyAlgorithm", "CryptoKey"},
	"SubtleCrypto.deriveBits":       {"string or DeriveKeyAlgorithm", "CryptoKey"},
	"SubtleCrypto.importKey":        {"string"},
	"SubtleCrypto.exportKey":        {"string", "CryptoKey"},
	"SubtleCrypto.wrapKey":          {"string", "CryptoKey", "CryptoKey"},
	"SubtleCrypto.unwrapKey":        {"string"},
}
