package webfetch

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/dop251/goja"
)

// encodeForm writes an entry list as multipart/form-data.
func (a *API) encodeForm(f *formData) (b *body, contentType string) {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	boundary := hex.EncodeToString(random[:])
	// A name's line ends and quotes are escaped as browsers do; a value's stay as they are, unlike
	// there.
	crlf := strings.NewReplacer("\r\n", "\r\n", "\r", "\r\n", "\n", "\r\n")
	escape := strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22")

	var out bytes.Buffer
	for _, e := range f.entries {
		out.WriteString("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + escape.Replace(crlf.Replace(e.name)) + `"`)
		if e.file == nil {
			out.WriteString("\r\n\r\n" + e.text + "\r\n")
			continue
		}
		kind := e.file.contentType
		if kind == "" {
			kind = "application/octet-stream"
		}
		out.WriteString(`; filename="` + escape.Replace(e.file.name) + "\"\r\nContent-Type: " + kind + "\r\n\r\n")
		out.Write(e.file.data)
		out.WriteString("\r\n")
	}
	out.WriteString("--" + boundary + "--\r\n")
	return dataBody(out.Bytes()), "multipart/form-data; boundary=" + boundary
}

// parseForm makes a FormData of a body.
func (a *API) parseForm(content []byte, contentType string) (goja.Value, error) {
	m, _ := parseMIME(contentType)
	f := &formData{}
	switch m.essence {
	case "multipart/form-data":
		boundary := m.param("boundary")
		if boundary == nil {
			return nil, a.typeError("No boundary string in Content-Type header. The multipart/form-data MIME type requires a boundary parameter, e.g. 'Content-Type: multipart/form-data; boundary=\"abcd\"'. See RFC 7578, section 4.")
		}
		if err := a.parseMultipart(f, content, *boundary); err != nil {
			return nil, err
		}
	case "application/x-www-form-urlencoded":
		parseURLEncoded(f, content)
	default:
		return nil, a.typeError("Unrecognized Content-Type header value. FormData can only parse the following MIME types: multipart/form-data, application/x-www-form-urlencoded.")
	}
	return a.form.New(f), nil
}

func parseURLEncoded(f *formData, content []byte) {
	for _, pair := range strings.Split(string(content), "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		f.entries = append(f.entries, entry{name: percentDecode(name), text: percentDecode(value)})
	}
}

// percentDecode decodes by the URL Standard's form rules.
func percentDecode(s string) string {
	return decodeKeepBOM(percentDecodeBytes(strings.ReplaceAll(s, "+", " ")))
}

// percentDecodeBytes decodes escapes; a bad one stands for itself.
func percentDecodeBytes(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if b, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				out = append(out, b[0])
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}

// The ways in which a multipart body is refused.
var (
	errNoEnd   = errors.New("No final boundary string in FormData body. The FormData body may be truncated.")
	errNoStart = errors.New("No initial boundary string (or you have a truncated message).")
	errPart    = errors.New("No end to headers in FormData part.")
	errName    = errors.New("No valid Content-Disposition header in FormData part.")
)

// parseMultipart reads the parts as the standard's parser does, byte by byte and without a limit on
// what they hold.
func (a *API) parseMultipart(f *formData, content []byte, boundary string) error {
	delimiter := []byte("--" + boundary)
	rest := bytes.TrimLeft(content, "\r\n")
	if !bytes.HasPrefix(rest, delimiter) {
		_, after, ok := bytes.Cut(content, append([]byte("\r\n"), delimiter...)) // a preamble, which is passed over
		if !ok {
			return errNoStart
		}
		rest = after
	} else {
		rest = rest[len(delimiter):]
	}
	for {
		if bytes.HasPrefix(rest, []byte("--")) {
			return nil
		}
		start, ok := lineEnd(rest)
		if !ok {
			return errNoEnd
		}
		head, after, ok := cutBlankLine(start)
		if !ok {
			return errPart
		}
		value, next, ok := bytes.Cut(after, append([]byte("\r\n"), delimiter...))
		if !ok {
			if value, next, ok = bytes.Cut(after, append([]byte("\n"), delimiter...)); !ok {
				return errNoEnd
			}
		}
		e, err := a.part(head, value)
		if err != nil {
			return err
		}
		f.entries = append(f.entries, e)
		rest = next
	}
}

// lineEnd passes over white space and the line end that follows a delimiter.
func lineEnd(b []byte) ([]byte, bool) {
	b = bytes.TrimLeft(b, " \t")
	if b, ok := bytes.CutPrefix(b, []byte("\r\n")); ok {
		return b, true
	}
	return bytes.CutPrefix(b, []byte("\n"))
}

// cutBlankLine divides a part's headers from its value.
func cutBlankLine(b []byte) (head, value []byte, ok bool) {
	if v, ok := lineEnd(b); ok && len(b) > 0 && (b[0] == '\r' || b[0] == '\n') {
		return nil, v, true
	}
	head, value, ok = bytes.Cut(b, []byte("\r\n\r\n"))
	if !ok {
		head, value, ok = bytes.Cut(b, []byte("\n\n"))
	}
	return head, value, ok
}

// part makes an entry of a part.
func (a *API) part(head, value []byte) (entry, error) {
	var e entry
	named, isFile, filename, contentType := false, false, "", ""
	for _, line := range strings.Split(string(head), "\n") {
		name, v, _ := strings.Cut(strings.TrimRight(line, "\r"), ":")
		v = strings.Trim(v, httpSpace)
		switch lower(strings.TrimSpace(name)) {
		case "content-disposition":
			params, ok := disposition(v)
			if !ok {
				return e, errName
			}
			e.name, named = params["name"]
			filename, isFile = params["filename"]
		case "content-type":
			contentType = v
		}
	}
	if !named {
		return e, errName
	}
	if !isFile {
		e.text = decodeUTF8(value)
		return e, nil
	}
	if contentType == "" {
		contentType = "text/plain"
	}
	e.file = &blob{data: bytes.Clone(value), contentType: normalizeType(contentType), isFile: true, name: filename, lastModified: a.now()}
	return e, nil
}

// disposition reads `form-data; name="…"; filename="…"`.
func disposition(v string) (map[string]string, bool) {
	kind, rest, _ := strings.Cut(v, ";")
	if lower(strings.TrimSpace(kind)) != "form-data" {
		return nil, false
	}
	params := map[string]string{}
	unescape := strings.NewReplacer("%0A", "\n", "%0D", "\r", "%22", `"`)
	for rest != "" {
		name, after, ok := strings.Cut(strings.TrimLeft(rest, httpSpace+";"), "=")
		if !ok {
			break
		}
		name = lower(strings.TrimSpace(name))
		var value string
		if quoted, ok := strings.CutPrefix(after, `"`); ok {
			end := closingQuote(quoted)
			value = strings.ReplaceAll(quoted[:end], `\"`, `"`)
			after = quoted[min(end+1, len(quoted)):]
			_, rest, _ = strings.Cut(after, ";")
		} else {
			value, rest, _ = strings.Cut(after, ";")
			value = strings.TrimSpace(value)
		}
		if _, seen := params[name]; !seen {
			params[name] = decodeUTF8([]byte(unescape.Replace(value)))
		}
	}
	return params, true
}

func closingQuote(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] == '"' && (i == 0 || s[i-1] != '\\') {
			return i
		}
	}
	return len(s)
}
