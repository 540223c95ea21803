package s3

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Bounds of what stands between the chunks of a body.
const (
	maxChunkLine    = 1 << 10
	maxTrailerBytes = 8 << 10
	chunkBuffer     = 64 << 10
)

// A chunkReader reads a body that is encoded as aws-chunked:
//
//	size in hex[;chunk-signature=…]CRLF bytes CRLF … 0[;chunk-signature=…]CRLF [name:value CRLF]… CRLF
//
// Receipt: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and …-trailers.html
type chunkReader struct {
	in    *bufio.Reader
	left  int64 // of the chunk that is being read
	begun bool  // a chunk has been read, whose line break is still to come
	want  int64 // bytes of the whole body that are still to come
	err   error // what reading has ended with

	trailers http.Header // of a body that has been read to its end
	signer   *chunkSigner
}

func newChunkReader(body io.Reader, size int64) *chunkReader {
	return &chunkReader{in: bufio.NewReaderSize(body, chunkBuffer), want: size, trailers: http.Header{}}
}

// sign makes the reader verify the signatures of chunks, which continue that of the request.
func (c *chunkReader) sign(s *signed) {
	c.signer = &chunkSigner{
		signed: s, previous: s.signature, hash: sha256.New(),
		trailing: s.contentHash == streamingSignedTrailers,
	}
}

// Read reads the body without its chunks' heads.
func (c *chunkReader) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	if c.err == nil && c.left == 0 {
		c.err = c.next()
	}
	if c.err != nil {
		return 0, c.err
	}
	n, err = c.in.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	c.want -= int64(n)
	if c.signer != nil {
		c.signer.hash.Write(b[:n])
	}
	switch {
	case errors.Is(err, io.EOF):
		c.err = incompleteBody()
	case err != nil:
		c.err = err
	case c.left == 0 && c.want == 0: // who knows the size may never ask for more
		c.err = c.next()
	}
	return n, c.err
}

// next ends the chunk that has been read and begins the one behind it. At the end of the body it
// returns io.EOF.
func (c *chunkReader) next() error {
	if c.begun {
		if line, err := c.line(); err != nil || line != "" {
			return cmpError(err, "a chunk is longer than its head says")
		}
		if err := c.signer.check(); err != nil {
			return err
		}
	}
	line, err := c.line()
	if err != nil {
		return err
	}
	digits, extension, _ := strings.Cut(line, ";")
	size, err := strconv.ParseUint(digits, 16, 63)
	if err != nil {
		return malformedBody("the size of a chunk is no hexadecimal number")
	}
	if err := c.signer.begin(extension); err != nil {
		return err
	}
	if int64(size) > c.want {
		return incompleteBody() // it is longer than it was said to be
	}
	c.left, c.begun = int64(size), true
	if size > 0 {
		return nil
	}
	return c.end()
}

// end reads what comes behind the last chunk, which is empty.
func (c *chunkReader) end() error {
	if err := c.signer.check(); err != nil {
		return err
	}
	if c.want != 0 {
		return incompleteBody()
	}
	var canonical strings.Builder
	signature := ""
	for total := 0; ; {
		line, err := c.line()
		if err != nil {
			return err
		}
		if line == "" {
			break
		}
		if total += len(line); total > maxTrailerBytes {
			return malformedBody("the trailers are too long")
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return malformedBody("a trailer has no colon")
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if name == "x-amz-trailer-signature" {
			signature = value
			continue
		}
		canonical.WriteString(name + ":" + value + "\n")
		c.trailers.Add(name, value)
	}
	if err := c.signer.checkTrailers(canonical.String(), signature); err != nil {
		return err
	}
	if _, err := c.in.ReadByte(); !errors.Is(err, io.EOF) {
		return cmpError(err, "something follows the end")
	}
	return io.EOF
}

// line reads a line, without its break.
func (c *chunkReader) line() (string, error) {
	line, err := c.in.ReadSlice('\n')
	switch {
	case errors.Is(err, io.EOF):
		return "", incompleteBody()
	case errors.Is(err, bufio.ErrBufferFull), len(line) > maxChunkLine:
		return "", malformedBody("a line is too long")
	case err != nil:
		return "", err
	}
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok {
		return "", malformedBody("a line does not end with CR and LF")
	}
	return string(text), nil
}

// cmpError is err, or what else is wrong.
func cmpError(err error, otherwise string) error {
	if err != nil {
		return err
	}
	return malformedBody(otherwise)
}

func malformedBody(what string) *Error {
	return invalidRequest("The body of this request is not well-formed aws-chunked: " + what + ".")
}

// A chunkSigner verifies the signatures of chunks. Its methods do nothing on a nil one.
type chunkSigner struct {
	*signed
	previous string
	hash     hash.Hash // of the chunk that is being read
	chunk    string    // the signature that this chunk has
	trailing bool      // trailers are signed
}

var emptySHA256 = hex.EncodeToString(sha256.New().Sum(nil))

// begin takes the signature of the chunk that follows.
func (s *chunkSigner) begin(extension string) error {
	if s == nil {
		return nil
	}
	signature, ok := strings.CutPrefix(strings.TrimSpace(extension), "chunk-signature=")
	if !ok {
		return malformedBody("a chunk has no signature")
	}
	s.chunk = signature
	s.hash.Reset()
	return nil
}

// check verifies the chunk that has been read.
func (s *chunkSigner) check() error {
	if s == nil {
		return nil
	}
	text := strings.Join([]string{
		algorithm + "-PAYLOAD", s.date, s.scope.String(), s.previous, emptySHA256, hex.EncodeToString(s.hash.Sum(nil)),
	}, "\n")
	return s.compare(text, s.chunk)
}

// checkTrailers verifies the trailers, a line each.
func (s *chunkSigner) checkTrailers(lines, signature string) error {
	if s == nil || !s.trailing {
		return nil
	}
	sum := sha256.Sum256([]byte(lines))
	text := strings.Join([]string{algorithm + "-TRAILER", s.date, s.scope.String(), s.previous, hex.EncodeToString(sum[:])}, "\n")
	return s.compare(text, signature)
}

func (s *chunkSigner) compare(text, signature string) error {
	want := s.key.sign(text)
	if !hmac.Equal([]byte(want), []byte(signature)) {
		e := newError(http.StatusForbidden, "SignatureDoesNotMatch",
			"The request signature we calculated does not match the signature you provided. Check your secret access key and signing method.")
		e.Extra = []Element{{"StringToSign", text}, {"StringToSignBytes", byteDump(text)}, {"SignatureProvided", signature}}
		return e
	}
	s.previous = want
	return nil
}
