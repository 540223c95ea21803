package outbound

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	maxRecords    = 1000    // older ones are forgotten
	maxRecordBody = 1 << 20 // of a request body, in bytes; the rest is passed on but not kept
)

// A Record is a request that a Worker sent, and what it was answered.
type Record struct {
	Time    time.Time         `json:"time"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"` // the first MiB; invalid UTF-8 is replaced
	Status  int               `json:"status,omitempty"`
	Error   string            `json:"error,omitempty"`

	capture *capture
	id      *int // identity, since records move when old ones are dropped
}

// capture passes a request body on and keeps its beginning.
type capture struct {
	io.ReadCloser
	mu   sync.Mutex
	kept []byte
}

func (c *capture) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.mu.Lock()
	c.kept = append(c.kept, p[:min(n, maxRecordBody-len(c.kept))]...)
	c.mu.Unlock()
	return n, err
}

func (c *capture) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if utf8.Valid(c.kept) {
		return string(c.kept)
	}
	return strings.ToValidUTF8(string(c.kept), "\uFFFD")
}

func (c *capture) drain() error {
	_, err := io.Copy(io.Discard, c)
	if cerr := c.Close(); err == nil {
		err = cerr
	}
	return err
}

func (c *Client) record(req *http.Request) (id *int, body *capture) {
	body = &capture{ReadCloser: req.Body}
	if req.Body == nil {
		body.ReadCloser = http.NoBody
	}
	headers := map[string]string{}
	for name, values := range req.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	id = new(int)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, Record{Time: c.clock.Now(), Method: req.Method, URL: req.URL.String(), Headers: headers, capture: body, id: id})
	if len(c.sent) > maxRecords {
		c.sent = append([]Record(nil), c.sent[len(c.sent)-maxRecords:]...)
	}
	return id, body
}

func (c *Client) settle(id *int, res *http.Response, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.sent) - 1; i >= 0; i-- {
		if c.sent[i].id != id {
			continue
		}
		if err != nil {
			c.sent[i].Error = err.Error()
		} else {
			c.sent[i].Status = res.StatusCode
		}
		return
	}
}

// Records returns what Workers have sent, oldest first.
func (c *Client) Records() []Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Record, len(c.sent))
	for i, r := range c.sent {
		out[i] = r
		out[i].Body = r.capture.text()
	}
	return out
}
