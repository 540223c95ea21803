package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// bucketName is the name of the bucket that the configuration means by a binding, else what was asked for.
func (c *Client) bucketName(asked string) string {
	if c.config == nil {
		return asked
	}
	for _, b := range c.config.R2Buckets {
		if b.Binding == asked && b.BucketName != "" {
			return b.BucketName
		}
	}
	return asked
}

// BucketSetting asks for what a bucket has beside its objects, or changes it: by a method of HTTP on a path
// below the bucket's, such as cors. A nil in sends nothing.
func (c *Client) BucketSetting(ctx context.Context, method, bucket, path string, in any) (json.RawMessage, error) {
	var out json.RawMessage
	err := c.call(ctx, method, c.account("/r2/buckets/"+url.PathEscape(c.bucketName(bucket))+"/"+path), in, &out)
	return out, err
}

// BucketNotifications lists the rules by which a bucket tells queues of its objects.
func (c *Client) BucketNotifications(ctx context.Context, bucket string) (json.RawMessage, error) {
	var out json.RawMessage
	err := c.call(ctx, http.MethodGet, c.notifications(bucket), nil, &out)
	return out, err
}

// ChangeNotifications adds rules for a queue, by PUT, or deletes them, by DELETE.
func (c *Client) ChangeNotifications(ctx context.Context, method, bucket, queue string, in any) error {
	id, err := c.findQueue(ctx, queue)
	if err != nil {
		return err
	}
	return c.call(ctx, method, c.notifications(bucket)+"/queues/"+id, in, nil)
}

func (c *Client) notifications(bucket string) string {
	return c.account("/event_notifications/r2/" + url.PathEscape(c.bucketName(bucket)) + "/configuration")
}

// findQueue returns the id of the queue with a name.
func (c *Client) findQueue(ctx context.Context, name string) (string, error) {
	list := func(query string) ([]struct{ ID, Name string }, error) {
		var found []struct {
			ID   string `json:"queue_id"`
			Name string `json:"queue_name"`
		}
		err := c.call(ctx, http.MethodGet, c.account("/queues?"+query), nil, &found)
		all := make([]struct{ ID, Name string }, len(found))
		for i, q := range found {
			all[i].ID, all[i].Name = q.ID, q.Name
		}
		return all, err
	}
	found, err := list("name=" + url.QueryEscape(name))
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return found[0].ID, nil
	}
	all, err := list("")
	if err != nil {
		return "", err
	}
	names := make([]string, len(all))
	for i, q := range all {
		names[i] = q.Name
	}
	there := "There is none yet: name one in queues.producers or queues.consumers of the configuration, and serve it once"
	if len(names) > 0 {
		there = "There are " + strings.Join(names, ", ")
	}
	return "", fmt.Errorf("there is no queue %q. %s", name, there)
}

// PublicURL is where the objects of a public bucket are found on this machine, by the domain that it has at
// Cloudflare; empty while no cfemu serves.
func (c *Client) PublicURL(domain string) string {
	door, err := url.Parse(c.door)
	if err != nil || c.InProcess() {
		return ""
	}
	host := strings.TrimSuffix(domain, ".r2.dev") + ".localhost"
	if port := door.Port(); port != "" {
		host += ":" + port
	}
	return "http://" + host
}
