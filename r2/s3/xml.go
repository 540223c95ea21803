package s3

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cfemu/cfemu/r2"
)

const (
	xmlHeader    = `<?xml version="1.0" encoding="UTF-8"?>`
	xmlNamespace = "http://s3.amazonaws.com/doc/2006-03-01/"
	// maxDocument bounds what is read: 1000 keys of 1024 bytes, each byte escaped, in their elements.
	maxDocument = 8 << 20
)

// A document is XML that is being written.
type document struct {
	b    strings.Builder
	open []string
}

// newDocument begins a document of a success.
func newDocument(root string) *document {
	d := &document{open: []string{root}}
	d.b.WriteString(xmlHeader + "<" + root + ` xmlns="` + xmlNamespace + `">`)
	return d
}

// text adds an element with a text.
func (d *document) text(name, text string) {
	d.b.WriteString("<" + name + ">")
	escapeXML(&d.b, text)
	d.b.WriteString("</" + name + ">")
}

func (d *document) number(name string, n int64) { d.text(name, strconv.FormatInt(n, 10)) }

func (d *document) flag(name string, v bool) { d.text(name, strconv.FormatBool(v)) }

func (d *document) time(name string, t time.Time) {
	d.text(name, t.UTC().Format("2006-01-02T15:04:05.000Z"))
}

// optional adds an element unless its text is empty.
func (d *document) optional(name, text string) {
	if text != "" {
		d.text(name, text)
	}
}

// begin opens an element, which end closes.
func (d *document) begin(name string) {
	d.open = append(d.open, name)
	d.b.WriteString("<" + name + ">")
}

func (d *document) end() {
	d.b.WriteString("</" + d.open[len(d.open)-1] + ">")
	d.open = d.open[:len(d.open)-1]
}

// finish closes what is open and returns the document.
func (d *document) finish() string {
	for len(d.open) > 0 {
		d.end()
	}
	return d.b.String()
}

// escapeXML writes a text as R2 escapes it. What XML cannot say becomes U+FFFD.
func escapeXML(b *strings.Builder, text string) {
	for _, r := range text {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\'':
			b.WriteString("&apos;")
		case r == '\r', r == '\n', r == '\t':
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		case r < ' ', r == 0xfffe, r == 0xffff:
			b.WriteRune('\uFFFD')
		default:
			b.WriteRune(r)
		}
	}
}

// readXML reads the body of the call, whose root must be called root, into v.
func (c *call) readXML(root string, v any) error {
	b, err := io.ReadAll(io.LimitReader(c.body, maxDocument+1))
	if err != nil {
		return err
	}
	if len(b) > maxDocument {
		return malformedXML()
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		token, err := d.Token()
		if err != nil {
			return malformedXML()
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local != root || d.DecodeElement(v, &start) != nil {
			return malformedXML()
		}
		break
	}
	for { // nothing but space and comments may follow
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return c.verifyDocument(b)
		}
		text, isText := token.(xml.CharData)
		_, isComment := token.(xml.Comment)
		if err != nil || !isComment && (!isText || len(bytes.TrimSpace(text)) > 0) {
			return malformedXML()
		}
	}
}

// verifyDocument compares a document with the checksums that came with it.
func (c *call) verifyDocument(b []byte) error {
	return c.body.verify(r2.ChecksumsOf(b, append(c.body.compute(), r2.MD5)...))
}

func malformedXML() *Error {
	return newError(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well formed or did not validate against our published schema.")
}
