package s3

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// What X-Amz-Content-Sha256 says of a body instead of its hash.
const (
	unsignedPayload         = "UNSIGNED-PAYLOAD"
	streamingUnsigned       = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	streamingSigned         = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	streamingSignedTrailers = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
)

// A payload is a request's body as its sender means it. Reading it ends with an error when the body is
// not what was signed, or is not whole.
type payload struct {
	body io.Reader
	size int64 // of the body; -1: not known before it was read

	announced announcement
	chunks    *chunkReader // nil: the body came as it is
}

func newPayload(r *http.Request, s *signed) (*payload, error) {
	p := &payload{body: r.Body, size: r.ContentLength}
	var err error
	kind := s.contentHash
	if streams := r.Header.Get(headerContentSHA256); s.presigned && strings.HasPrefix(streams, "STREAMING-UNSIGNED") {
		kind = streams
	}
	switch sum, herr := hex.DecodeString(kind); {
	case herr == nil && len(sum) == sha256.Size:
		p.body = &hashedBody{body: r.Body, left: p.size, want: sum, hash: sha256.New()}
	case kind == unsignedPayload:
	case kind == streamingUnsigned, kind == streamingSigned, kind == streamingSignedTrailers:
		if p.size, err = decodedLength(r); err != nil {
			return nil, err
		}
		p.chunks = newChunkReader(r.Body, p.size)
		if kind != streamingUnsigned {
			p.chunks.sign(s)
		}
		p.body = p.chunks
	default:
		return nil, invalidArgument("x-amz-content-sha256 must be " + unsignedPayload + ", " + streamingUnsigned + ", " +
			streamingSigned + ", " + streamingSignedTrailers + " or a valid sha256 value.")
	}
	if r.Method == http.MethodPost && parseQuery(r.URL.RawQuery).has("uploadId") {
		return p, nil // the checksums in its headers are those of the object that the parts make
	}
	p.announced, err = readAnnouncement(r.Header, p.chunks != nil)
	return p, err
}

// decodedLength is how long a body is without its chunks' heads.
func decodedLength(r *http.Request) (int64, error) {
	text := r.Header.Get("X-Amz-Decoded-Content-Length")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, newError(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	return n, nil
}

// Read reads the body.
func (p *payload) Read(b []byte) (int, error) {
	n, err := p.body.Read(b)
	if errors.Is(err, io.ErrUnexpectedEOF) { // net/http's word for a client that has gone
		err = incompleteBody()
	}
	return n, err
}

func incompleteBody() *Error {
	return newError(http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header.")
}

// A hashedBody ends with an error when its hash is not the one that was signed.
type hashedBody struct {
	body io.Reader
	left int64 // until its end; negative: not known
	want []byte
	hash hash.Hash
}

func (h *hashedBody) Read(b []byte) (int, error) {
	n, err := h.body.Read(b)
	h.hash.Write(b[:n])
	h.left -= int64(n)
	// Who knows the size may never ask for more than the last byte.
	if (err == nil && h.left == 0 || errors.Is(err, io.EOF)) && !bytes.Equal(h.hash.Sum(nil), h.want) {
		err = newError(http.StatusBadRequest, "XAmzContentSHA256Mismatch",
			"The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return n, err
}

// contentEncoding is the encoding of an object in its request: aws-chunked is the request's own.
func contentEncoding(h http.Header) string {
	var kept []string
	for _, value := range h.Values("Content-Encoding") {
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" && !strings.EqualFold(part, "aws-chunked") {
				kept = append(kept, part)
			}
		}
	}
	return strings.Join(kept, ", ")
}
