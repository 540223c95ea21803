package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"

	"github.com/cfemu/cfemu/emulator/wrangler"
)

// A NamespaceRef is a KV namespace.
type NamespaceRef struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// spaces is the address of the namespaces, or of what one of them has.
func (c *Client) spaces(parts ...string) string {
	path := "/storage/kv/namespaces"
	for _, p := range parts {
		path += "/" + p
	}
	return c.account(path)
}

// perPage is how many rows this client asks for at once.
const perPage = 1000

// Namespaces lists the KV namespaces.
func (c *Client) Namespaces(ctx context.Context) (all []NamespaceRef, err error) {
	for page := 1; ; page++ {
		var some []NamespaceRef
		q := url.Values{"page": {strconv.Itoa(page)}, "per_page": {strconv.Itoa(perPage)}, "order": {"title"}}
		if err := c.call(ctx, http.MethodGet, c.spaces()+"?"+q.Encode(), nil, &some); err != nil {
			return nil, err
		}
		if all = append(all, some...); len(some) < perPage {
			return all, nil
		}
	}
}

// FindNamespace returns the namespace that a name means: a binding of the configuration, an id or a title.
func (c *Client) FindNamespace(ctx context.Context, name string) (*NamespaceRef, error) {
	all, err := c.Namespaces(ctx)
	if err != nil {
		return nil, err
	}
	var bindings []string
	wanted := []string{name}
	if c.config != nil {
		for _, b := range c.config.KVNamespaces {
			bindings = append(bindings, b.Binding)
			if b.Binding == name {
				wanted = []string{c.namespaceOf(b)}
			}
		}
	}
	for _, w := range wanted {
		for _, ns := range all {
			if ns.ID == w || ns.Title == w {
				return &ns, nil
			}
		}
	}
	for _, ns := range all {
		bindings = append(bindings, ns.Title)
	}
	if len(bindings) == 0 {
		return nil, fmt.Errorf("there is no KV namespace %q, and no other: `cfemu kv namespace create NAME` makes one", name)
	}
	return nil, fmt.Errorf("there is no KV namespace %q. There are %s", name, strings.Join(bindings, ", "))
}

// namespaceOf is the id of a namespace of the configuration or, while it has none, its title.
func (c *Client) namespaceOf(b wrangler.KVNamespace) string {
	id, title := identify(b.ID, "", c.config.Name, b.Binding, isHexID)
	if id == "" {
		return title
	}
	return id
}

// OnlyNamespace is the binding of the configuration's only namespace, "" when it has none or several.
func (c *Client) OnlyNamespace() string {
	if c.config != nil && len(c.config.KVNamespaces) == 1 {
		return c.config.KVNamespaces[0].Binding
	}
	return ""
}

// CreateNamespace makes a namespace.
func (c *Client) CreateNamespace(ctx context.Context, title string) (*NamespaceRef, error) {
	var made NamespaceRef
	return &made, c.call(ctx, http.MethodPost, c.spaces(), map[string]string{"title": title}, &made)
}

// RenameNamespace gives a namespace another title.
func (c *Client) RenameNamespace(ctx context.Context, id, title string) (*NamespaceRef, error) {
	var made NamespaceRef
	return &made, c.call(ctx, http.MethodPut, c.spaces(id), map[string]string{"title": title}, &made)
}

// DeleteNamespace removes a namespace with all its keys.
func (c *Client) DeleteNamespace(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, c.spaces(id), nil, nil)
}

// A Pair is an entry of a bulk write, as wrangler's files have it.
type Pair struct {
	Key           string          `json:"key"`
	Value         string          `json:"value"`
	Base64        bool            `json:"base64,omitempty"`
	Expiration    int64           `json:"expiration,omitempty"`     // Unix seconds
	ExpirationTTL int64           `json:"expiration_ttl,omitempty"` // seconds
	Metadata      json.RawMessage `json:"metadata,omitempty"`
}

// A PutKey is what can be said of a key beside its value; zero values say nothing.
type PutKey struct {
	Expiration, TTL int64 // Unix seconds; seconds
	Metadata        string
}

// PutKey stores a value, which is streamed.
func (c *Client) PutKey(ctx context.Context, id, key string, value io.Reader, o PutKey) error {
	q := url.Values{}
	if o.Expiration != 0 {
		q.Set("expiration", strconv.FormatInt(o.Expiration, 10))
	}
	if o.TTL != 0 {
		q.Set("expiration_ttl", strconv.FormatInt(o.TTL, 10))
	}
	address := c.spaces(id, "values", url.PathEscape(key)) + "?" + q.Encode()
	if o.Metadata == "" {
		_, err := c.send(ctx, http.MethodPut, address, "application/octet-stream", value)
		return err
	}
	body, kind := kvForm(value, o.Metadata)
	_, err := c.send(ctx, http.MethodPut, address, kind, body)
	return err
}

// kvForm is a form with a value and its metadata, written as it is read.
func kvForm(value io.Reader, metadata string) (body io.Reader, contentType string) {
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() {
		err := form.WriteField("metadata", metadata)
		var part io.Writer
		if err == nil {
			part, err = form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="value"`}})
		}
		if err == nil {
			_, err = io.Copy(part, value)
		}
		w.CloseWithError(errors.Join(err, form.Close()))
	}()
	return r, form.FormDataContentType()
}

// GetKey writes a value to w.
func (c *Client) GetKey(ctx context.Context, id, key string, w io.Writer) error {
	return c.download(ctx, c.spaces(id, "values", url.PathEscape(key)), nil, w)
}

// download writes what is at an address of the API to w.
func (c *Client) download(ctx context.Context, address string, header http.Header, w io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if header != nil {
		req.Header = header.Clone()
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	return c.fetch(req, w)
}

// fetch writes the body of a request's answer to w, as it comes.
func (c *Client) fetch(req *http.Request, w io.Writer) error {
	res, err := c.do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		b, err := io.ReadAll(res.Body)
		return errors.Join(err, asAPIError(res, b))
	}
	_, err = io.Copy(w, res.Body)
	return err
}

// DeleteKey removes a key.
func (c *Client) DeleteKey(ctx context.Context, id, key string) error {
	return c.call(ctx, http.MethodDelete, c.spaces(id, "values", url.PathEscape(key)), nil, nil)
}

// Keys lists the keys that begin with prefix, each as client/v4 shows it.
func (c *Client) Keys(ctx context.Context, id, prefix string) (all []json.RawMessage, err error) {
	for cursor := ""; ; {
		q := url.Values{"prefix": {prefix}, "cursor": {cursor}}
		b, err := c.send(ctx, http.MethodGet, c.spaces(id, "keys")+"?"+q.Encode(), "", nil)
		if err != nil {
			return nil, err
		}
		var page struct {
			Result     []json.RawMessage
			ResultInfo struct{ Cursor string } `json:"result_info"`
		}
		if err := json.Unmarshal(b, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Result...)
		if cursor = page.ResultInfo.Cursor; cursor == "" {
			return all, nil
		}
	}
}

// PutPairs stores up to 10 000 pairs at once.
func (c *Client) PutPairs(ctx context.Context, id string, pairs []Pair) error {
	return c.call(ctx, http.MethodPut, c.spaces(id, "bulk"), pairs, nil)
}

// GetKeys returns the values of up to 100 keys, each as client/v4 shows it; null for none.
func (c *Client) GetKeys(ctx context.Context, id string, keys []string) (map[string]json.RawMessage, error) {
	var out struct{ Values map[string]json.RawMessage }
	err := c.call(ctx, http.MethodPost, c.spaces(id, "bulk", "get"), map[string]any{"keys": keys}, &out)
	return out.Values, err
}

// DeleteKeys removes up to 10 000 keys at once.
func (c *Client) DeleteKeys(ctx context.Context, id string, keys []string) error {
	return c.call(ctx, http.MethodPost, c.spaces(id, "bulk", "delete"), keys, nil)
}
